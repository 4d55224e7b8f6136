//! A real authorization server, `oidc-provider`, that issues JWT access tokens on this machine until it is dropped. Its
//! private keys lie in a folder, so that a test can sign what no provider would. Nothing of the product is here.

use crate::client::HttpEndpoint;
use crate::lab::{Lab, StdioPlan, tethered, workspace_top};
use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// From the start of Node.js to its first word, and for any answer.
const LIMIT: Duration = Duration::from_secs(30);
/// The script, and the secret of all its clients as a form has it.
const SCRIPT: &str = "lab/clients/issuer.cjs";
const SECRET: &str = "a+secret+of+a+test%2C+for+no+one+to+keep";

/// An authorization server that runs; dropped, it is killed.
pub struct Issuer {
    child: Child,
    stdin: ChildStdin,
    said: Receiver<Value>,
    keys: TempDir,
    url: String,
    generation: u64,
}

impl Issuer {
    /// Starts one on a free port.
    pub fn start() -> Result<Issuer> {
        let keys = tempfile::tempdir()?;
        let mut command = Lab::ready()?.node()?.command()?;
        command.arg(workspace_top().join(SCRIPT)).arg(keys.path());
        let mut command = tethered(&command);
        let plan = StdioPlan::piped();
        command.stdin(plan.stdin).stdout(plan.stdout).stderr(plan.stderr);
        let mut child = command.spawn().context("cannot start the issuer")?;
        let stdin = child.stdin.take().context("the issuer's standard input")?;
        let stdout = child.stdout.take().context("the issuer's standard output")?;
        let stderr = child.stderr.take().context("the issuer's standard error")?;
        let (send, said) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let Ok(event) = serde_json::from_str(&line) else { continue };
                if send.send(event).is_err() {
                    break;
                }
            }
        });
        // Read, so that it does not wait for a reader.
        thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).for_each(drop));
        let mut issuer = Issuer { child, stdin, said, keys, url: String::new(), generation: 1 };
        let listening = issuer.await_event("listening")?;
        issuer.url = listening.get("issuer").and_then(Value::as_str).context("the issuer's URL")?.to_owned();
        Ok(issuer)
    }

    fn await_event(&mut self, wanted: &str) -> Result<Value> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.said.recv_timeout(left).with_context(|| format!("the issuer never says `{wanted}`"))?;
            let kind = event.get("event").and_then(Value::as_str).unwrap_or_default();
            if kind == wanted {
                return Ok(event);
            }
        }
    }

    /// Its name, as its tokens have it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often its keys were fetched by now.
    pub fn fetches(&mut self) -> Result<u64> {
        writeln!(self.stdin, "count")?;
        self.await_event("counted")?.get("fetches").and_then(Value::as_u64).context("a number of fetches")
    }

    /// Puts new keys in place of all.
    pub fn rotate(&mut self) -> Result<()> {
        writeln!(self.stdin, "rotate")?;
        let rotated = self.await_event("rotated")?;
        self.generation = rotated.get("generation").and_then(Value::as_u64).context("the number of the keys")?;
        Ok(())
    }

    /// The name of its key of an algorithm.
    pub fn kid(&self, algorithm: &str) -> String {
        format!("{algorithm}-{}", self.generation)
    }

    /// The private key of that name, in PKCS #8.
    pub fn private_key(&self, kid: &str) -> Result<Vec<u8>> {
        Ok(fs::read(self.keys.path().join(format!("{kid}.der")))?)
    }

    /// A new file beside the keys.
    pub fn file(&self, name: &str) -> PathBuf {
        self.keys.path().join(name)
    }

    /// Where a path of it is asked.
    pub fn endpoint(&self, path: &str) -> Result<HttpEndpoint> {
        HttpEndpoint::of(&format!("{}{path}", self.url), None)
    }

    /// A token for `resource`, signed with `algorithm`, which is also its subject.
    pub fn token(&self, algorithm: &str, resource: &str, scopes: &str) -> Result<String> {
        let endpoint = self.endpoint("/token")?;
        let client = BASE64_STANDARD.encode(format!("{algorithm}:{SECRET}"));
        let form = format!(
            "grant_type=client_credentials&scope={}&resource={}",
            scopes.replace(' ', "+"),
            resource.replace(':', "%3A").replace('/', "%2F")
        );
        let headers = [
            ("Host", endpoint.address.to_string()),
            ("Content-Type", "application/x-www-form-urlencoded".to_owned()),
            ("Authorization", format!("Basic {client}")),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        let reply = endpoint.send("POST", &headers, form.as_bytes())?.finish(Instant::now() + LIMIT)?;
        ensure!(reply.status == 200, "the issuer answers {}: {}", reply.status, reply.text());
        let answer: Value = serde_json::from_str(&reply.text())?;
        match answer.get("access_token").and_then(Value::as_str) {
            Some(token) => Ok(token.to_owned()),
            None => bail!("there is no token in {answer}"),
        }
    }

    /// The text of its key set.
    pub fn key_set(&self) -> Result<String> {
        let endpoint = self.endpoint("/jwks")?;
        let headers = [("Host".to_owned(), endpoint.address.to_string())];
        Ok(endpoint.send("GET", &headers, b"")?.finish(Instant::now() + LIMIT)?.text())
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        // A destructor has nobody to tell.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
