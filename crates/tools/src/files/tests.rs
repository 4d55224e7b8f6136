//! Small things of this family that need no file.

use super::*;

#[test]
fn a_file_time_is_told_in_utc() {
    assert_eq!(moment(116_444_736_000_000_000).as_deref(), Some("1970-01-01T00:00:00Z"));
    assert_eq!(moment(132_539_328_000_000_000).as_deref(), Some("2021-01-01T00:00:00Z"));
    assert_eq!(moment(0), None);
    assert_eq!(moment(u64::MAX), None);
}
