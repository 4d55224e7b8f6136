//! The process that loads: it reads one request, does it, answers and ends. A server that is killed leaves nothing behind but
//! what the application has already begun.

use crate::files::lay_out;
use crate::inject::inject;
use crate::payload::{BOOTSTRAP, INSPECTOR};
use crate::request::{LoadAnswer, LoadRequest};
use portcullis_model::LoadStage;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// Bytes of a request.
const REQUEST_CAP: u64 = 16 * 1024;

/// Does the one request on standard input; whether there was one that could be answered.
pub fn run_worker() -> bool {
    let mut text = String::new();
    if std::io::stdin().lock().take(REQUEST_CAP).read_to_string(&mut text).is_err() {
        return false;
    }
    let Ok(request) = serde_json::from_str::<LoadRequest>(&text) else { return false };
    let Ok(mut answer) = serde_json::to_vec(&load(&request)) else { return false };
    answer.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&answer).and_then(|()| out.flush()).is_ok()
}

fn load(request: &LoadRequest) -> LoadAnswer {
    let limit = Instant::now() + Duration::from_millis(request.limit_ms.into());
    let (Some(bootstrap), Some(inspector)) = (BOOTSTRAP, INSPECTOR) else {
        return LoadAnswer::failed(LoadStage::NoPayload, 0);
    };
    match lay_out(&request.folder, &[&bootstrap, &inspector]) {
        Ok(files) => match inject(request, &bootstrap, &files.path(&bootstrap), &files.path(&inspector), limit) {
            Ok(()) => LoadAnswer::DONE,
            Err(answer) => answer,
        },
        Err(error) => {
            let code = error.raw_os_error().and_then(|code| u32::try_from(code).ok()).unwrap_or(0);
            LoadAnswer::failed(LoadStage::Payload, code)
        }
    }
}
