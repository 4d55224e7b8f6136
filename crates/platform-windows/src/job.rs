//! Job objects: processes that end together, at the latest when the last handle of the job is closed, however that comes
//! about. Which processes belong into one is decided elsewhere.

use crate::identity::failed;
use crate::security::OwnedHandle;
use portcullis_platform::PortResult;
use windows::Win32::Foundation::HANDLE;
use windows::Win32::System::JobObjects::{
    CreateJobObjectW, JOB_OBJECT_LIMIT, JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectBasicProcessIdList,
    JobObjectExtendedLimitInformation, QueryInformationJobObject, SetInformationJobObject, TerminateJobObject,
};
use windows::core::PCWSTR;

/// Words of the list of a job's processes: two counts, which share one, then a number each.
const LIST_WORDS: usize = 1 + 1_024;

/// A job whose processes end when it is dropped. None of them can leave it.
pub(crate) struct Job(OwnedHandle);

// SAFETY: a job handle may be used by any thread; it is only ever passed to the system.
unsafe impl Sync for Job {}

impl Job {
    /// What every job here says: no process outlives it, none may break away, and none waits with a dialog of Windows after
    /// it has crashed.
    pub(crate) const LIMITS: JOB_OBJECT_LIMIT =
        JOB_OBJECT_LIMIT(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE.0 | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION.0);

    /// A job without processes.
    pub(crate) fn new() -> PortResult<Self> {
        // SAFETY: no name and no attributes; the handle is owned by the value that is returned.
        let job = unsafe { CreateJobObjectW(None, PCWSTR::null()) }.map_err(failed("CreateJobObjectW"))?;
        let job = Self(OwnedHandle::new(job));
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = Self::LIMITS;
        let size = u32::try_from(size_of_val(&limits)).unwrap_or(0);
        let limits = std::ptr::from_ref(&limits).cast();
        // SAFETY: the structure is a local of the size given and outlives the call.
        unsafe { SetInformationJobObject(job.0.raw(), JobObjectExtendedLimitInformation, limits, size) }
            .map_err(failed("SetInformationJobObject"))?;
        Ok(job)
    }

    /// The raw handle, valid while `self` lives.
    pub(crate) fn raw(&self) -> HANDLE {
        self.0.raw()
    }

    /// Numbers of the processes that run in it, as many as there is room for.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mut words = vec![0usize; LIST_WORDS];
        let size = u32::try_from(size_of_val(words.as_slice())).unwrap_or(0);
        let list = words.as_mut_ptr().cast();
        // SAFETY: the handle is open and the buffer is as large as said. Of more processes than fit the first are given.
        let _ = unsafe { QueryInformationJobObject(Some(self.0.raw()), JobObjectBasicProcessIdList, list, size, None) };
        // The second of the two 32-bit counts says how many numbers follow.
        let count = words.first().map_or(0, |counts| counts >> 32);
        words.into_iter().skip(1).take(count).filter_map(|number| u32::try_from(number).ok()).collect()
    }

    /// Ends every process in it.
    pub(crate) fn end(&self, code: u32) -> PortResult<()> {
        // SAFETY: the handle is open, with all rights.
        unsafe { TerminateJobObject(self.0.raw(), code) }.map_err(failed("TerminateJobObject"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_process_outlives_its_job_or_leaves_it() {
        use windows::Win32::System::JobObjects::{JOB_OBJECT_LIMIT_BREAKAWAY_OK, JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK};
        assert!(Job::LIMITS.contains(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE));
        let away = JOB_OBJECT_LIMIT_BREAKAWAY_OK.0 | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK.0;
        assert_eq!(Job::LIMITS.0 & away, 0);
        assert_eq!(Job::new().unwrap().processes(), [0_u32; 0]);
    }
}
