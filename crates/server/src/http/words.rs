//! Refusals of the SDK and of the router in the form of our own: a code, and a sentence that names what is wrong, the rule and
//! what to send instead. Answers of the protocol pass as they are; nothing that a caller sent is repeated.

use super::BODY_CAP;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

/// The type of a message's body.
const JSON: &str = "application/json";

/// The body of a refusal.
pub(super) fn refusal(code: &str, reason: &str) -> Body {
    Body::from(json!({ "code": code, "error": reason }).to_string())
}

/// What is said of a body that is longer than one message may be.
pub(super) fn too_large() -> String {
    format!("the body is larger than the {BODY_CAP} bytes that one message may have; send less at once")
}

/// Whether these headers are those of a JSON body.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.map(|value| value.split_once(';').map_or(value, |(essence, _)| essence));
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(JSON))
}

/// The answer to a request whose body was JSON or was not, in our words when it is a refusal without any.
pub(super) fn in_words(mut response: Response, sent_json: bool) -> Response {
    if is_json(response.headers()) {
        return response;
    }
    let (status, code, reason) = match response.status() {
        StatusCode::NOT_FOUND => {
            let reason = "`Mcp-Session-Id` names no session of this caller: it has ended or never was; send `initialize` \
                          without that header to begin one";
            (StatusCode::NOT_FOUND, "session", reason.to_owned())
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            let reason = "the method is not one that this path takes; messages are sent with POST";
            (StatusCode::METHOD_NOT_ALLOWED, "method", reason.to_owned())
        }
        StatusCode::NOT_ACCEPTABLE => {
            let reason = "the header `Accept` must name text/event-stream and, with POST, application/json; send \
                          `Accept: application/json, text/event-stream`";
            (StatusCode::NOT_ACCEPTABLE, "accept", reason.to_owned())
        }
        StatusCode::PAYLOAD_TOO_LARGE => (StatusCode::PAYLOAD_TOO_LARGE, "body", too_large()),
        // The SDK has one status for a body that says that it is no JSON and for one that turns out to be none.
        StatusCode::UNSUPPORTED_MEDIA_TYPE if sent_json => {
            let reason = "the body is no JSON-RPC message that can be read; send one object in UTF-8, at most 128 deep, \
                          with `jsonrpc`, `id`, `method` and `params`";
            (StatusCode::BAD_REQUEST, "json", reason.to_owned())
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            let reason = "the header `Content-Type` must be application/json";
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", reason.to_owned())
        }
        _ => return response,
    };
    *response.status_mut() = status;
    *response.body_mut() = refusal(code, &reason);
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, kind: Option<&'static str>, sent_json: bool) -> (u16, bool) {
        let mut response = Response::new(Body::from("as it was"));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if let Some(kind) = kind {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        let response = in_words(response, sent_json);
        (response.status().as_u16(), is_json(response.headers()))
    }

    #[test]
    fn refusals_without_words_get_ours_and_answers_stay() {
        for (status, sent_json, expected) in [
            (404, true, 404),
            (405, false, 405),
            (406, true, 406),
            (413, true, 413),
            (415, true, 400),
            (415, false, 415),
        ] {
            assert_eq!(answer(status, None, sent_json), (expected, true), "{status} {sent_json}");
            assert_eq!(answer(status, Some("text/plain"), sent_json), (expected, true), "{status} {sent_json}");
        }
        assert_eq!(
            answer(404, Some("application/json; charset=utf-8"), true),
            (404, true),
            "an answer of the protocol"
        );
        for status in [200, 202, 400] {
            assert_eq!(answer(status, Some("text/event-stream"), true), (status, false));
        }
    }
}
