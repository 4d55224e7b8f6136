//! Gives the Windows exe its manifest: what Windows must know before the first line of the program runs. Nothing else
//! happens at build time.

use embed_manifest::manifest::{ActiveCodePage, DpiAwareness, ExecutionLevel, MaxVersionTested, Setting, SupportedOS};
use embed_manifest::{embed_manifest, new_manifest};

fn main() -> Result<(), embed_manifest::Error> {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_CFG_WINDOWS").is_none() {
        return Ok(());
    }
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu") {
        // Sections that begin on a page in the file are mapped when they are needed; others are read in whole.
        println!("cargo::rustc-link-arg-bins=-Wl,--file-alignment=4096");
    }
    embed_manifest(
        new_manifest("Portcullis")
            // Never elevated by itself: rights come from whoever starts it.
            .requested_execution_level(ExecutionLevel::AsInvoker)
            // Every rectangle is in physical pixels.
            .dpi_awareness(DpiAwareness::PerMonitorV2)
            .long_path_aware(Setting::Enabled)
            .active_code_page(ActiveCodePage::Utf8)
            .supported_os(SupportedOS::Windows10..=SupportedOS::Windows10)
            .max_version_tested(MaxVersionTested::Windows11Version22H2),
    )
}
