//! Watching for what an action brings about: the window before, the window after, and the lines that tell the
//! difference. Nothing here waits longer than it must: the first change that counts ends the wait.

use crate::context::ApplyContext;
use crate::desktop::image::{Limits, picture};
use crate::desktop::snapshot::window_text;
use crate::desktop::target::{Reach, read_scene};
use portcullis_model::{ElementIdentity, Fault, Outcome, Part, Reader, Reply, UiNode, WindowIdentity};
use portcullis_observe::{Diff, DiffView, Scene, diff};
use portcullis_platform::Shown;
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How long an action without visible effect is watched before it is called so.
const NO_EFFECT_AFTER: Duration = Duration::from_millis(400);
/// How long one is watched that its caller does not want observed and whose element shows no state. Whatever else it did stays
/// unseen, so a longer wait would end in the same answer, that nothing is known.
const UNSEEN_AFTER: Duration = Duration::from_millis(50);
/// The first pause between two looks; each further one is twice as long, up to [`LAST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(3);
/// The longest pause between two looks.
const LAST_PAUSE: Duration = Duration::from_millis(48);
/// Lines of change that an answer tells.
const DIFF_LINES: usize = 12;
/// Tokens of the snapshot that an action may answer with.
const SNAPSHOT_TOKENS: usize = 2_000;

/// What an action answers with besides its outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Observe {
    None,
    #[default]
    Diff,
    Snapshot,
    Image,
}

impl Observe {
    /// The tool that shows the same by itself. What changed is the action's own evidence.
    pub(crate) fn shows(asked: Option<Self>) -> Option<&'static str> {
        match asked.unwrap_or_default() {
            Self::None | Self::Diff => None,
            Self::Snapshot => Some("Snapshot"),
            Self::Image => Some("Screenshot"),
        }
    }
}

/// Whether a reading left nothing out for want of an answer. What it lacks would look like a change beside a whole one.
fn is_whole(scene: &Scene) -> bool {
    let cut_short = scene.readers.iter().any(|report| match report.reader {
        Reader::Native => report.trouble.is_some(),
        // One that told nothing at all leaves the window to the others.
        Reader::Wpf => report.trouble.is_some() && report.elements > 0,
        Reader::Automation | Reader::Ocr => false,
    });
    !cut_short && !scene.lines.iter().any(|line| line.states.hung)
}

/// Whether the inspector inside the application read the window: what it sees are other elements than those of the other readers.
fn is_from_inside(scene: &Scene) -> bool {
    scene.readers.iter().any(|report| report.reader == Reader::Wpf && report.elements > 0)
}

/// The state before an action.
pub(crate) struct Watch<'call> {
    permit: &'call Permit,
    cx: &'call ApplyContext<'call>,
    window: Option<WindowIdentity>,
    about: Option<ElementIdentity>,
    conceal: Option<&'call str>,
    before: Option<Scene>,
    reach: Reach,
    own: Option<UiNode>,
    windows: Vec<WindowIdentity>,
    observe: Observe,
}

impl<'call> Watch<'call> {
    /// Looks before the action. `scene` is what a search has just read anyway.
    pub(crate) fn begin(
        permit: &'call Permit,
        cx: &'call ApplyContext<'call>,
        window: Option<&WindowIdentity>,
        about: Option<&ElementIdentity>,
        observe: Observe,
        scene: Option<Scene>,
    ) -> Self {
        // Two readings are compared only when they go equally far.
        let reach = if scene.is_some() { Reach::Watch } else { Reach::Look };
        let before = match (observe, scene, window) {
            (_, Some(scene), _) => Some(scene),
            (Observe::None, None, _) | (_, None, None) => None,
            (_, None, Some(window)) => read_scene(permit, window, reach, cx).ok(),
        };
        // What a busy thread left unread would look like a change once it answers again.
        let before = before.filter(is_whole);
        let own = match (&before, about) {
            (None, Some(element)) => cx.ports.tree.read_element(permit, element, cx.deadline).ok(),
            _ => None,
        };
        let windows = cx.ports.windows.identities();
        Self {
            permit,
            cx,
            window: window.cloned(),
            about: about.cloned(),
            conceal: None,
            before,
            reach,
            own,
            windows,
            observe,
        }
    }

    /// The window as it was before the action.
    pub(crate) fn before(&self) -> Option<&Scene> {
        self.before.as_ref()
    }

    /// A text that must not be repeated in the answer.
    pub(crate) fn conceal(mut self, text: &'call str) -> Self {
        self.conceal = Some(text);
        self
    }

    /// Waits for the effect and answers. `how` says how the action was delivered; `shown` is what the control itself
    /// showed already.
    pub(crate) fn end(self, how: &str, shown: Shown) -> Result<Reply, Fault> {
        if shown == Shown::Already {
            return self.reply(Outcome::NoEffect { observed: how.to_owned() }, &[]);
        }
        let (lines, changed) = self.await_change(shown)?;
        let span = self.patience(shown).as_millis();
        let outcome = if changed || shown == Shown::Yes {
            Outcome::confirmed(how)
        } else if self.is_unseen(shown) {
            let stateless = if self.own.is_some() { "the element itself shows no state; " } else { "" };
            let seen = if self.window.is_none() {
                "nothing was looked at".to_owned()
            } else {
                format!("only windows were looked at, and none of its program came or went within {span} ms")
            };
            Outcome::Unverified { why: format!("{how}; {stateless}{seen}") }
        } else {
            let what = if self.before.is_some() { "nothing changed" } else { "the element itself stayed as it was" };
            Outcome::NoEffect { observed: format!("{how}; {what} within {span} ms") }
        };
        self.reply(outcome, &lines)
    }

    /// Whether an effect would not be seen: the window's content was not read, and the element was not or shows no state.
    fn is_unseen(&self, shown: Shown) -> bool {
        self.before.is_none() && (self.own.is_none() || (shown == Shown::Unknown && !self.own_has_state()))
    }

    /// How long an effect that does not show is waited for.
    fn patience(&self, shown: Shown) -> Duration {
        match (&self.window, &self.own) {
            // Nothing that could show it is looked at.
            (None, None) if self.before.is_none() => Duration::ZERO,
            _ if self.observe == Observe::None && self.is_unseen(shown) => UNSEEN_AFTER,
            _ => NO_EFFECT_AFTER,
        }
    }

    /// Answers with an outcome that was found out otherwise, and what changed in the window meanwhile.
    pub(crate) fn end_with(self, outcome: Outcome) -> Result<Reply, Fault> {
        let (lines, _) = self.await_change(Shown::Yes)?;
        self.reply(outcome, &lines)
    }

    /// How readings are told.
    fn told(&self) -> DiffView<'_> {
        DiffView { cap: DIFF_LINES, about: self.about.as_ref(), conceal: self.conceal }
    }

    fn reply(&self, outcome: Outcome, lines: &[String]) -> Result<Reply, Fault> {
        let mut parts = Vec::new();
        if !lines.is_empty() {
            parts.push(Part::Text(lines.join("\n")));
        }
        parts.extend(self.view()?);
        Ok(Reply::action(outcome, parts))
    }

    fn own_has_state(&self) -> bool {
        self.own
            .as_ref()
            .is_some_and(|own| own.value.is_some() || own.states.check.is_some() || own.states.expanded.is_some())
    }

    /// Looks until something changed that counts, or the time for that is over. What the control has shown counts already.
    fn await_change(&self, shown: Shown) -> Result<(Vec<String>, bool), Fault> {
        let (started, patience, seen) = (Instant::now(), self.patience(shown), shown == Shown::Yes);
        // What a control has shown by itself is there; only where the window shows nothing of it a second look is worth a pause.
        let mut pause = if seen { Duration::ZERO } else { FIRST_PAUSE };
        let mut lines = Vec::new();
        loop {
            self.cx.cancel.wait(pause)?;
            // The list of windows is made after the reading, so that it tells of a window that went away meanwhile.
            let after = self.read_after();
            let windows = self.cx.ports.windows.identities();
            let mut changed = self.window_lines(&windows, &mut lines);
            if let Some(diff) = after.and_then(|after| self.scene_diff(&after, &windows)) {
                changed |= !diff.is_empty() && !diff.only_focus();
                let mut refs = self.cx.tables.refs.lock().unwrap_or_else(PoisonError::into_inner);
                lines.extend(diff.lines(&mut refs, self.told()));
            }
            changed |= self.own_changed();
            if changed && !seen && started.elapsed() < patience && self.awaits_dialog(&lines) {
                // The window was shut for a dialog that is not there yet; the dialog is what the caller wants to know of.
                changed = false;
            }
            let looked_twice = seen && !pause.is_zero();
            if changed || looked_twice || started.elapsed() >= patience || self.cx.deadline.passed() {
                lines.truncate(DIFF_LINES);
                return Ok((lines, changed));
            }
            lines.clear();
            pause = (pause * 2).clamp(FIRST_PAUSE, LAST_PAUSE);
        }
    }

    /// Whether the window takes no input any more, and no window of its program has come up to say why.
    fn awaits_dialog(&self, lines: &[String]) -> bool {
        let Some(window) = &self.window else { return false };
        let shut = |info: portcullis_platform::WindowInfo| !info.enabled;
        !lines.iter().any(|line| line.starts_with("+ ") && line.contains(" window "))
            && self.cx.ports.windows.describe(self.permit, window).is_ok_and(shut)
    }

    fn read_after(&self) -> Option<Scene> {
        let window = self.window.as_ref().filter(|_| self.before.is_some())?;
        read_scene(self.permit, window, self.reach, self.cx).ok()
    }

    fn scene_diff(&self, after: &Scene, windows: &[WindowIdentity]) -> Option<Diff> {
        let (before, window) = (self.before.as_ref()?, self.window.as_ref()?);
        // A window that is going away, or whose thread is busy, reads as if its controls had lost their texts. That is
        // no change of theirs: its going is told by the window lines, and a busy thread is looked at again. A window
        // leaves the list, where it was on it, before its controls are destroyed.
        let listed = self.windows.contains(window);
        let stays = if listed { windows.contains(window) } else { self.cx.ports.windows.is_alive(window) };
        let readable = stays && is_whole(after) && is_from_inside(before) == is_from_inside(after);
        readable.then(|| diff(before, after))
    }

    /// Whether the element itself, read alone, shows another state than before.
    fn own_changed(&self) -> bool {
        let (Some(before), Some(element)) = (&self.own, &self.about) else { return false };
        self.cx.ports.tree.read_element(self.permit, element, self.cx.deadline).is_ok_and(|after| {
            let facts = |node: &UiNode| {
                (node.name.clone(), node.value.clone(), node.states.check, node.states.selected, node.states.expanded)
            };
            facts(before) != facts(&after)
        })
    }

    /// Windows of the same program that came or went.
    fn window_lines(&self, now: &[WindowIdentity], lines: &mut Vec<String>) -> bool {
        let Some(own) = &self.window else { return false };
        let ours =
            |window: &&WindowIdentity| window.process == own.process && window.process_start == own.process_start;
        let mut changed = false;
        for window in now.iter().filter(ours).filter(|window| !self.windows.contains(window)) {
            changed = true;
            if let Ok(mut info) = self.cx.ports.windows.describe(self.permit, window) {
                info.title = self.told().text(&info.title);
                let mut refs = self.cx.tables.refs.lock().unwrap_or_else(PoisonError::into_inner);
                lines.push(format!("+ {}", crate::desktop::snapshot::header(&info, &[]).line(&mut refs)));
            }
        }
        let refs = self.cx.tables.refs.lock().unwrap_or_else(PoisonError::into_inner);
        for window in self.windows.iter().filter(ours).filter(|window| !now.contains(window)) {
            changed = true;
            let name = refs.known(&ElementIdentity::of_window(window.clone()));
            lines.push(format!("- window {}", name.map_or_else(|| window.class.clone(), |known| known.to_string())));
        }
        changed
    }

    fn view(&self) -> Result<Vec<Part>, Fault> {
        let Some(window) = self.window.as_ref().filter(|window| self.cx.ports.windows.is_alive(window)) else {
            return Ok(Vec::new());
        };
        match self.observe {
            Observe::None | Observe::Diff => Ok(Vec::new()),
            Observe::Snapshot => {
                let text = window_text(self.permit, window, SNAPSHOT_TOKENS, false, self.told(), self.cx)?;
                Ok(vec![Part::Text(text)])
            }
            Observe::Image => {
                let bitmap = self.cx.ports.screen.capture_window(self.permit, window, self.cx.deadline)?;
                picture(bitmap, Limits::default())
            }
        }
    }
}
