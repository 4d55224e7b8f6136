//! One request over one connection that the port made: no proxy, no redirect, no cookie, nothing that is looked up again.
//! Head, body and time have caps. What a page is worth is judged elsewhere.

use super::url::WebUrl;
use portcullis_model::{Cancel, Deadline, Fault, FaultCode, visible};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use ureq::config::Config;
use ureq::http::{Uri, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, RustlsConnector, Transport,
};
use ureq::{Agent, Error};

/// Bytes of an answer's head.
const HEAD_CAP: usize = 32 * 1024;
/// Bytes of a buffer.
const BUFFER: usize = 16 * 1024;
/// How long one look at the connection lasts; a withdrawn call is noticed between two.
const LOOK: Duration = Duration::from_millis(50);
/// What we say that we are.
const AGENT: &str = "Portcullis";
/// What we would rather have.
const ACCEPT: &str = "text/html, application/xhtml+xml, text/*;q=0.9, application/json;q=0.8, application/xml;q=0.8";
/// Characters of an error's text.
const ERROR_CAP: usize = 300;

/// What a host answered.
pub(super) enum Answer {
    /// It is elsewhere, by the text of its Location.
    Elsewhere(String),
    /// This.
    Page(Page),
}

/// A page as it came.
pub(crate) struct Page {
    pub(crate) status: u16,
    /// The value of Content-Type, in lower case.
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
    /// Whether there was more.
    pub(crate) cut: bool,
}

/// Asks for the page over this connection, and takes at most `cap` bytes of its body, after it was unpacked.
pub(super) fn fetch(
    stream: TcpStream,
    url: &WebUrl,
    cap: usize,
    deadline: Deadline,
    cancel: &Cancel,
) -> Result<Answer, Fault> {
    let failed = |error: Error| {
        if let Err(interrupted) = cancel.check() {
            return Fault::from(interrupted);
        }
        let code = match &error {
            Error::Timeout(_) => FaultCode::TimedOut,
            _ if deadline.passed() => FaultCode::TimedOut,
            _ => FaultCode::SystemError,
        };
        Fault::new(code, format!("the page could not be fetched: {}", visible(&error.to_string(), ERROR_CAP))).remedy(
            "see with PortCheck whether the host answers at that port; certificates are checked by this system's roots",
        )
    };
    let mut builder = Config::builder()
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(AGENT)
        .accept(ACCEPT)
        .max_response_header_size(HEAD_CAP)
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        .max_idle_connections(0)
        .timeout_global(Some(deadline.remaining()));
    if url.is_https() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder().root_certs(roots()?).unversioned_rustls_crypto_provider(provider).build();
        builder = builder.tls_config(tls);
    }
    let wire = Wire::new(stream, deadline, cancel).map_err(|error| failed(error.into()))?;
    let once = Once(Mutex::new(Some(wire)));
    let agent = Agent::with_parts(builder.build(), once.chain(RustlsConnector::default()), Nowhere);
    let answer = agent.get(url.as_str()).call().map_err(failed)?;
    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (status, content_type) = (answer.status().as_u16(), text(header::CONTENT_TYPE));
    if let (301..=303 | 307 | 308, Some(location)) = (status, text(header::LOCATION)) {
        return Ok(Answer::Elsewhere(location));
    }
    let mut body = Vec::new();
    let most = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    let read = answer.into_body().into_reader().take(most).read_to_end(&mut body);
    read.map_err(|error| failed(Error::from(error)))?;
    let cut = body.len() > cap;
    body.truncate(cap);
    let content_type = content_type.map(|kind| kind.to_ascii_lowercase());
    Ok(Answer::Page(Page { status, content_type, body, cut }))
}

/// The roots of the operating system, so that a host of one's own company is trusted as a browser here trusts it.
fn roots() -> Result<RootCerts, Fault> {
    static ROOTS: OnceLock<RootCerts> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(roots.clone());
    }
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return Err(Fault::new(
            FaultCode::Unsupported,
            "this system has no root certificates, by which a host could be checked",
        ));
    }
    let roots = RootCerts::from(found.iter().map(|root| Certificate::from_der(root.as_ref()).to_owned()));
    Ok(ROOTS.get_or_init(|| roots).clone())
}

/// Looks nothing up: the connection is there already.
#[derive(Debug)]
struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut one = self.empty();
        // The library wants an address; nothing connects to it.
        one.push(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0));
        Ok(one)
    }
}

/// Hands out the one connection, once.
#[derive(Debug)]
struct Once(Mutex<Option<Wire>>);

impl Connector for Once {
    type Out = Wire;

    fn connect(&self, _: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Wire>, Error> {
        let wire = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        wire.map(Some).ok_or(Error::ConnectionFailed)
    }
}

/// The connection, which is given up when the call is.
struct Wire {
    stream: TcpStream,
    buffers: LazyBuffers,
    deadline: Deadline,
    cancel: Cancel,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl Wire {
    fn new(stream: TcpStream, deadline: Deadline, cancel: &Cancel) -> io::Result<Self> {
        stream.set_read_timeout(Some(LOOK))?;
        stream.set_write_timeout(Some(LOOK))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffers: LazyBuffers::new(BUFFER, BUFFER), deadline, cancel: cancel.clone() })
    }
}

/// Fails when the call is over.
fn go_on(deadline: Deadline, cancel: &Cancel) -> Result<(), Error> {
    if cancel.check().is_err() || deadline.passed() {
        return Err(Error::Io(ErrorKind::TimedOut.into()));
    }
    Ok(())
}

fn is_look(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let mut rest: &[u8] = self.buffers.output().get(..amount).unwrap_or_default();
        while !rest.is_empty() {
            go_on(self.deadline, &self.cancel)?;
            match self.stream.write(rest) {
                Ok(0) => return Err(Error::Io(ErrorKind::WriteZero.into())),
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(error) if is_look(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        loop {
            go_on(self.deadline, &self.cancel)?;
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(came) => {
                    self.buffers.input_appended(came);
                    return Ok(came > 0);
                }
                Err(error) if is_look(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // It is used for one request and not kept.
        false
    }
}
