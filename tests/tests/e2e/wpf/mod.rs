//! The WPF tools on live applications: a real client, the real server, the inspector in a real WPF application. What is asserted
//! comes from the application's own journal, or from a second reading by plain WPF code in it.

mod acts;
mod errors;
mod gates;
pub(crate) mod ground;
mod inspector;
mod joined;
mod looks;
mod reads;
mod rows;
mod sdk;
mod sessions;
mod state;
mod story;
mod unharmed;
portcullis_testkit::only_in_lab! {
    mod attacks;
    mod hostile;
}
