//! One element's facets, and the element that a call means: what the modules of judgement share.

use crate::ask::{Asker, TEXT};
use crate::fault::CallFault;
use portcullis_model::Fault;
use portcullis_wpf_protocol::{Capabilities, Facet, FacetsParams, FacetsRow, Handle, TypeRow};

/// The facets of one element, with the types that they name.
pub(crate) fn facets(
    asker: &Asker<'_>,
    handle: Handle,
    facets: &[Facet],
    event: Option<&str>,
) -> Result<(FacetsRow, Vec<TypeRow>), Fault> {
    let event = event.map(str::to_owned);
    // A trigger's condition may hang on a view model.
    let resolve = facets.contains(&Facet::Triggers) && asker.holds(Capabilities::VIEWMODEL);
    let params = FacetsParams { handles: vec![handle], facets: facets.to_vec(), event, resolve, text: TEXT };
    let found = asker.settled(&params)?;
    let row = found.items.into_iter().next().ok_or(CallFault::NoAnswer("it has no row for the element"))?;
    match row.error {
        Some(error) => Err(CallFault::Wire(error).into()),
        None => Ok((row, found.types)),
    }
}
