//! What OAuth takes from this machine: the issuer's public keys where the owner keeps them in a file, read again when it
//! changes, and that no variable stands in for the system's roots. What the keys are worth is the server crate's.

use crate::tls::bytes;
use portcullis_config::{Environment, JwksPlace, OAuthSettings, WatchedFiles};
use portcullis_platform::{FileTrustPort, Keepers};
use portcullis_server::Source;
use std::sync::Arc;

/// Fails when a variable of the environment would say by whom an issuer is vouched for.
pub(crate) fn check_roots(settings: &OAuthSettings) -> anyhow::Result<()> {
    let variable = Environment::replaces_roots().filter(|_| settings.fetches_over_tls());
    anyhow::ensure!(
        variable.is_none(),
        "{} is set: it would put other root certificates in place of the system's, by which `oauth.issuer` is checked. \
         Unset it, or name a file in `oauth.jwks`",
        variable.unwrap_or_default()
    );
    Ok(())
}

/// The text of the file, whenever it changes; nothing where the keys do not lie in one.
pub(crate) fn watched(trust: Arc<dyn FileTrustPort>, settings: Option<&OAuthSettings>) -> Option<Source<Vec<u8>>> {
    let JwksPlace::File(path) = settings?.jwks.clone() else { return None };
    let mut watched = WatchedFiles::new(vec![path.clone()]);
    let read = move || {
        // Whoever can write the file says whose tokens are good.
        trust.check(&path, Keepers::User).map_err(|distrust| distrust.to_string())?;
        bytes(&path)
    };
    Some(Box::new(move || watched.changed().then(&read)))
}
