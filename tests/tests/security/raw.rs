//! Bytes over a socket, for requests that no library sends. Knows the shape of an HTTP/1.1 answer and nothing more.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What an answer may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// A connection with both time-outs set.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, LIMIT).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// All that comes back for these bytes until the server closes; empty when it closes without a word.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = connect(address);
    // A server may refuse by the head alone and close before it has read the rest.
    stream.write_all(bytes).ok();
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("the server neither answers nor closes: {error}"),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of the first answer in a text; 0 when there is none.
pub(crate) fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
}

/// A `GET` with exactly these header lines; the connection is closed after it.
pub(crate) fn get(address: SocketAddr, target: &str, headers: &[&str]) -> String {
    let mut head = format!("GET {target} HTTP/1.1\r\n");
    for line in headers {
        head.push_str(line);
        head.push_str("\r\n");
    }
    exchange(address, format!("{head}Connection: close\r\n\r\n").as_bytes())
}
