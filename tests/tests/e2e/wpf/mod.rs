//! The WPF tools on live applications: a real client, the real server, the inspector in a real WPF application. What is asserted
//! comes from the application's own journal, or from a second reading by plain WPF code in it.

mod every;
mod ground;
mod inspector;
mod sessions;
