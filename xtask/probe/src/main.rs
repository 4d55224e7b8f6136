//! The smallest Windows program that shows whether the lab can build and run one: it prints, resolves a name, and
//! catches a panic. `lab doctor` reads its lines; nothing else uses it.

#![allow(clippy::print_stdout, clippy::panic, reason = "its lines and its panic are its purpose")]

use std::net::ToSocketAddrs;

fn main() {
    println!("system: {}", std::env::consts::OS);
    let found = ("localhost", 0).to_socket_addrs().is_ok_and(|mut all| all.next().is_some());
    println!("localhost: {}", if found { "found" } else { "not found" });
    std::panic::set_hook(Box::new(|_| {}));
    let caught = std::panic::catch_unwind(|| std::panic::panic_any("on purpose"));
    println!("panic: {}", if caught.is_err() { "caught" } else { "lost" });
}
