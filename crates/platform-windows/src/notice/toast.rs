//! Toasts by the identity that the owner registered for this program. The document is built node by node, so that no text of a
//! notice is ever read as markup. Nothing is registered here.

use portcullis_model::Notice;
use portcullis_platform::NoticeShown;
use windows::Data::Xml::Dom::XmlDocument;
use windows::UI::Notifications::{NotificationSetting, ToastNotification, ToastNotificationManager};
use windows::Win32::Foundation::ERROR_SUCCESS;
use windows::Win32::System::Registry::{HKEY, HKEY_CLASSES_ROOT, KEY_READ, RegCloseKey, RegOpenKeyExW};
use windows::core::{HSTRING, PCWSTR, h, w};

/// The identity ("AppUserModelID"), and where one of a program without a package is registered: below the classes of the user
/// or of the machine, with the value `DisplayName`.
const IDENTITY: &HSTRING = h!("Portcullis");
const REGISTERED: PCWSTR = w!(r"AppUserModelId\Portcullis");
/// What stands below each toast, in smaller letters.
const ATTRIBUTION: &str = "From an agent, through Portcullis";

/// Whether the owner registered the identity.
pub(super) fn is_registered() -> bool {
    let mut key = HKEY::default();
    // SAFETY: the name ends in NUL and the out-pointer is a local that outlives the call.
    let opened = unsafe { RegOpenKeyExW(HKEY_CLASSES_ROOT, REGISTERED, None, KEY_READ, &mut key) };
    if opened != ERROR_SUCCESS {
        return false;
    }
    // SAFETY: the key was opened above and is closed once. A failure leaves nothing to do.
    let _ = unsafe { RegCloseKey(key) };
    true
}

/// The texts of a toast, each with its placement when it has one.
fn lines(notice: &Notice) -> [(&str, Option<&HSTRING>); 3] {
    [(notice.title(), None), (notice.message(), None), (ATTRIBUTION, Some(h!("attribution")))]
}

/// Hands the toast to Windows, unless the user turned these notifications off.
pub(super) fn show(notice: &Notice) -> windows::core::Result<NoticeShown> {
    let notifier = ToastNotificationManager::CreateToastNotifierWithId(IDENTITY)?;
    if notifier.Setting()? != NotificationSetting::Enabled {
        return Ok(NoticeShown::TurnedOff);
    }
    let toast = ToastNotification::CreateToastNotification(&document(notice)?)?;
    notifier.Show(&toast)?;
    Ok(NoticeShown::Toast)
}

/// `<toast><visual><binding template="ToastGeneric">` with a `<text>` for each line.
fn document(notice: &Notice) -> windows::core::Result<XmlDocument> {
    let document = XmlDocument::new()?;
    let (toast, visual) = (document.CreateElement(h!("toast"))?, document.CreateElement(h!("visual"))?);
    let binding = document.CreateElement(h!("binding"))?;
    binding.SetAttribute(h!("template"), h!("ToastGeneric"))?;
    for (line, placement) in lines(notice) {
        let text = document.CreateElement(h!("text"))?;
        if let Some(placement) = placement {
            text.SetAttribute(h!("placement"), placement)?;
        }
        text.SetInnerText(&HSTRING::from(line))?;
        binding.AppendChild(&text)?;
    }
    visual.AppendChild(&binding)?;
    toast.AppendChild(&visual)?;
    document.AppendChild(&toast)?;
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toast_says_whose_it_is_and_takes_its_texts_as_they_are() {
        let notice = Notice::new("</text><actions>", "a & b").unwrap();
        let [title, message, from] = lines(&notice);
        assert_eq!((title, message), (("Agent: </text><actions>", None), ("a & b", None)));
        assert_eq!((from.0, from.1.map(HSTRING::to_string_lossy)), (ATTRIBUTION, Some("attribution".to_owned())));
    }
}
