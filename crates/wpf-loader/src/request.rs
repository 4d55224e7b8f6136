//! What a server asks of the process that loads for it, and what that answers: one line of JSON each, on its standard input and
//! output, so that the secret in the block is in no file, environment or command line.

use portcullis_model::LoadStage;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// Load into this process.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadRequest {
    /// The process's number.
    pub process: u32,
    /// When it started, in 100 ns units since 1601.
    pub started: u64,
    /// The folder of the user's own below which the payloads are laid out.
    pub folder: PathBuf,
    /// The inspector's parameter block.
    pub block: String,
    /// How long it may take, in milliseconds.
    pub limit_ms: u32,
}

impl fmt::Debug for LoadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadRequest").field("process", &self.process).finish_non_exhaustive()
    }
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadAnswer {
    /// The step that failed; none when the inspector runs and has proved itself.
    pub failed: Option<LoadStage>,
    /// The system's or the runtime's code, 0 for none.
    pub code: u32,
}

impl LoadAnswer {
    /// The inspector runs.
    pub const DONE: Self = Self { failed: None, code: 0 };

    /// It came as far as `stage`.
    pub fn failed(stage: LoadStage, code: u32) -> Self {
        Self { failed: Some(stage), code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_does_not_show_its_secret() {
        let request = LoadRequest {
            process: 1,
            started: 2,
            folder: PathBuf::new(),
            block: "secret=00ff".to_owned(),
            limit_ms: 3,
        };
        assert!(!format!("{request:?}").contains("00ff"));
    }
}
