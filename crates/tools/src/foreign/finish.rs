//! What a row of the table cannot say: arguments that mean something only together, and lists that become steps.

use super::{Arguments, pair, put, reference};
use portcullis_model::Fault;
use serde_json::{Value, json};

/// Notches that are turned at most.
const NOTCHES: u64 = 50;

/// Windows-MCP's direction and count as our amount with a sign.
pub(super) fn scroll(own: &mut Arguments, out: &mut Arguments) -> Result<(), Fault> {
    let (kind, direction, times) = (own.remove("type"), own.remove("direction"), own.remove("wheel_times"));
    if kind.is_none() && direction.is_none() && times.is_none() && out.contains_key("amount") {
        return Ok(());
    }
    let word = |name: &str, value: &Option<Value>, words: &[&'static str]| match value {
        None => Ok(None),
        Some(value) => words.iter().find(|word| value.as_str() == Some(word)).copied().map(Some).ok_or_else(|| {
            let rule = format!("it is one of {}", words.join(", "));
            Fault::bad_argument(name, value, &rule, "say where to scroll")
        }),
    };
    let kind = word("type", &kind, &["vertical", "horizontal"])?;
    let direction = word("direction", &direction, &["up", "down", "left", "right"])?;
    let sideways = match (kind, direction) {
        (Some(kind), None) => kind == "horizontal",
        (kind, Some(direction)) => {
            let sideways = matches!(direction, "left" | "right");
            if kind.is_some_and(|kind| (kind == "horizontal") != sideways) {
                let rule = "up and down are vertical, left and right horizontal";
                return Err(Fault::bad_argument("direction", direction, rule, "leave `type` out"));
            }
            sideways
        }
        (None, None) => false,
    };
    let times = times.unwrap_or_else(|| 1.into());
    let notches = times.as_u64().filter(|notches| (1..=NOTCHES).contains(notches)).ok_or_else(|| {
        let rule = format!("it is a whole number from 1 to {NOTCHES}");
        Fault::bad_argument("wheel_times", &times, &rule, "scroll again for more")
    })?;
    let back = matches!(direction, Some("down" | "left")) || (direction.is_none() && !sideways);
    let amount = i64::try_from(notches).unwrap_or_default();
    put(out, "wheel_times", "amount", if back { -amount } else { amount }.into())?;
    if sideways {
        put(out, "type", "horizontal", true.into())?;
    }
    Ok(())
}

/// `text` of a condition about elements or windows is what they are called.
pub(super) fn wait_for(own: &mut Arguments, out: &mut Arguments) -> Result<(), Fault> {
    let Some(text) = own.remove("text") else { return Ok(()) };
    let to = match out.get("condition").and_then(Value::as_str) {
        Some("element_exists" | "element_gone" | "element_enabled" | "focused_element") => "name",
        Some("active_window" | "window_exists" | "window_gone") => "window_name",
        _ => "text",
    };
    put(out, "text", to, text)
}

/// Each place is a click of its own.
pub(super) fn select(own: &mut Arguments, out: &mut Arguments) -> Result<(), Fault> {
    let ctrl = match own.remove("press_ctrl") {
        None => true,
        Some(Value::Bool(held)) => held,
        Some(other) => {
            return Err(Fault::bad_argument("press_ctrl", &other, "it is true or false", "leave it out for true"));
        }
    };
    let mut steps = Vec::new();
    let mut step = |mut args: Arguments| {
        if ctrl {
            args.insert("held".to_owned(), "ctrl".into());
        }
        steps.push(json!({ "tool": "Click", "args": args }));
    };
    for (at, item) in items(own, "locs")?.into_iter().enumerate() {
        let [x, y] = pair(&format!("locs[{at}]"), item)?;
        step(Arguments::from_iter([("x".to_owned(), x), ("y".to_owned(), y)]));
    }
    for (at, item) in items(own, "labels")?.into_iter().enumerate() {
        step(Arguments::from_iter([("ref".to_owned(), reference(&format!("labels[{at}]"), &item)?)]));
    }
    put_steps(out, steps)
}

/// Each field is typed into by itself, replacing what it holds.
pub(super) fn edit(own: &mut Arguments, out: &mut Arguments) -> Result<(), Fault> {
    let mut steps = Vec::new();
    let mut step = |mut args: Arguments, text: Value| {
        args.insert("text".to_owned(), text);
        args.insert("clear".to_owned(), true.into());
        steps.push(json!({ "tool": "Type", "args": args }));
    };
    // What is to be typed is not repeated.
    let refuse = |field: &str, rule: &str| Fault::bad_argument(field, "another value", rule, "give one entry a field");
    for (at, item) in items(own, "locs")?.into_iter().enumerate() {
        let field = format!("locs[{at}]");
        let parts = item.as_array().cloned().and_then(|parts| <[Value; 3]>::try_from(parts).ok());
        match parts {
            Some([x, y, text]) if x.is_number() && y.is_number() && text.is_string() => {
                step(Arguments::from_iter([("x".to_owned(), x), ("y".to_owned(), y)]), text);
            }
            _ => return Err(refuse(&field, "it is a list of x, y and the text")),
        }
    }
    for (at, item) in items(own, "labels")?.into_iter().enumerate() {
        let field = format!("labels[{at}]");
        let parts = item.as_array().cloned().and_then(|parts| <[Value; 2]>::try_from(parts).ok());
        match parts {
            Some([label, text]) if label.is_number() && text.is_string() => {
                step(Arguments::from_iter([("ref".to_owned(), reference(&field, &label)?)]), text);
            }
            _ => return Err(refuse(&field, "it is a list of the number of a ref and the text")),
        }
    }
    put_steps(out, steps)
}

fn items(own: &mut Arguments, name: &str) -> Result<Vec<Value>, Fault> {
    match own.remove(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(Fault::bad_argument(name, "no list", "it is a list with an entry for each", "write a list")),
    }
}

fn put_steps(out: &mut Arguments, steps: Vec<Value>) -> Result<(), Fault> {
    if steps.is_empty() && !out.contains_key("steps") {
        return Err(Fault::bad_argument(
            "locs",
            "nothing",
            "there is at least one entry in `locs` or `labels`",
            "say which ones",
        ));
    }
    put(out, "locs", "steps", steps.into())
}
