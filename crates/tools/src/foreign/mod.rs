//! Requests in the names and arguments of other systems become requests of ours, by one table and before anybody judges
//! them. Nothing is looked at and nothing happens here, and no right is known: what comes out is judged like any request.

mod dialect;
mod finish;
mod table;

pub use dialect::{ForeignTool, windows_mcp};

use crate::args::{no_object, unknown_argument};
use crate::catalogue::Catalogue;
use crate::tool::AnyTool;
use portcullis_model::{Fault, FaultCode, nearest};
use serde_json::{Map, Value};

/// Arguments by name.
type Arguments = Map<String, Value>;
/// Takes an arm's own arguments out of the first and puts what they say into the second.
type Finish = fn(&mut Arguments, &mut Arguments) -> Result<(), Fault>;

/// A value that stands in the table.
#[derive(Clone, Copy, Debug)]
enum Literal {
    Text(&'static str),
    Number(i64),
    Truth(bool),
}

impl Literal {
    fn value(self) -> Value {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
            Self::Truth(truth) => truth.into(),
        }
    }

    /// Whether a client's value is this one; a whole number may come as 1.0.
    fn is(self, value: &Value) -> bool {
        match self {
            Self::Number(number) => {
                value.as_i64() == Some(number)
                    || value.as_f64().is_some_and(|float| float.to_string() == number.to_string())
            }
            other => other.value() == *value,
        }
    }
}

/// What becomes of a foreign argument.
#[derive(Clone, Copy, Debug)]
enum Becomes {
    /// The argument of the same name.
    Same,
    /// The argument of this name.
    Named(&'static str),
    /// A list of two numbers, as two arguments.
    Pair(&'static str, &'static str),
    /// The number of a ref: 12 for e12.
    Label,
    /// Keys, as one text or as a list of them.
    Chord,
    /// A list of displays from 0, as the one display from 1.
    Display,
    /// One of these values. Each becomes a value of the argument; without one it says what holds in any case, and is left out.
    Words { to: &'static str, words: &'static [(Literal, Option<Literal>)], remedy: &'static str },
    /// Not taken, with what to do instead.
    Refused(&'static str),
    /// Read by the arm's own function; the schema as JSON.
    Own(&'static str),
}

/// How a request becomes one of one tool.
#[derive(Clone, Copy, Debug)]
struct Arm {
    tool: &'static str,
    /// Arguments that are always so.
    sets: &'static [(&'static str, Literal)],
    /// Arguments that are so when nothing else is said.
    defaults: &'static [(&'static str, Literal)],
    arguments: &'static [(&'static str, Becomes)],
    /// Whether what is said needs more than a row can.
    finish: Option<Finish>,
}

/// To which tool a name leads.
#[derive(Clone, Copy, Debug)]
enum Way {
    To(&'static Arm),
    /// By the word of this argument.
    By(&'static str, &'static [(&'static str, &'static Arm)]),
}

/// One name.
#[derive(Clone, Copy, Debug)]
struct Row {
    name: &'static str,
    way: Way,
    /// Title and description for a list of tools, where it leads to several or says less than the tool.
    about: Option<(&'static str, &'static str)>,
    /// Whether Windows-MCP has it in its newest form.
    listed: bool,
}

impl Row {
    fn arms(&self) -> Vec<&'static Arm> {
        match self.way {
            Way::To(arm) => vec![arm],
            Way::By(_, arms) => arms.iter().map(|(_, arm)| *arm).collect(),
        }
    }
}

/// What a name and arguments from outside stand for. Policy looks at nothing else, so no other spelling of a tool's name
/// can pass a rule by. A request in our own words comes out as it is.
pub fn canonical<'all>(
    catalogue: &'all Catalogue,
    name: &str,
    arguments: Value,
) -> Result<(&'all AnyTool, Value), Fault> {
    let Some(row) = table::row(name) else {
        return match catalogue.get(name) {
            Some(tool) => Ok((tool, arguments)),
            None => Err(unknown(catalogue, name)),
        };
    };
    let ours = catalogue.get(name).is_some();
    let arguments = match arguments {
        Value::Null => Arguments::new(),
        Value::Object(given) => given,
        // Whoever reads the arguments of a tool refuses what is no object.
        other => return catalogue.get(name).map(|tool| (tool, other)).ok_or_else(no_object),
    };
    let (arm, arguments) = choose(row, arguments)?;
    let tool = catalogue.get(arm.tool).ok_or_else(|| unknown(catalogue, name))?;
    Ok((tool, Value::Object(translate(arm, tool, arguments, ours)?)))
}

/// The name as it may be written down, if it is one of the table.
pub fn foreign_name(name: &str) -> Option<&'static str> {
    table::row(name).map(|row| row.name)
}

fn unknown(catalogue: &Catalogue, name: &str) -> Fault {
    let meant = portcullis_model::foreign_tools(name).map(|(foreign, _)| foreign.to_owned());
    let near: Vec<String> = meant.into_iter().chain(nearest(name, catalogue.names())).collect();
    let fault = Fault::new(FaultCode::UnknownTool, "there is no such tool").value(name).candidates(near.clone());
    match near.first() {
        Some(meant) => fault.remedy(format!("did you mean `{meant}`? Names are case-sensitive")),
        None => fault.remedy("tools/list names them all"),
    }
}

/// The arm that the arguments ask for, and the arguments without the word that said so.
fn choose(row: &Row, mut given: Arguments) -> Result<(&'static Arm, Arguments), Fault> {
    let (argument, arms) = match row.way {
        Way::To(arm) => return Ok((arm, given)),
        Way::By(argument, arms) => (argument, arms),
    };
    let words: Vec<&str> = arms.iter().map(|(word, _)| *word).collect();
    let rule = format!("it is one of {}", words.join(", "));
    let word = given.remove(argument).filter(|word| !word.is_null());
    let found = word.as_ref().and_then(|said| arms.iter().find(|(word, _)| said.as_str() == Some(*word)));
    found.map(|(_, arm)| (*arm, given)).ok_or_else(|| {
        let said = word
            .map_or_else(|| "nothing".to_owned(), |word| word.as_str().map_or_else(|| word.to_string(), str::to_owned));
        Fault::bad_argument(argument, &said, &rule, &format!("say in `{argument}` what {} is to do", row.name))
            .candidates(nearest(&said, words.iter().copied()))
    })
}

/// The arguments of an arm as its tool's. Where the name is one of ours, what is neither's is left for the tool to refuse.
fn translate(arm: &Arm, tool: &AnyTool, given: Arguments, ours: bool) -> Result<Arguments, Fault> {
    let is_foreign = |name: &str| {
        arm.arguments.iter().any(|(foreign, becomes)| *foreign == name && !matches!(becomes, Becomes::Same))
    };
    if ours && !given.keys().any(|name| is_foreign(name)) {
        return Ok(given);
    }
    let known = tool.argument_names();
    let (mut foreign, mut out, mut own) = (Vec::new(), Arguments::new(), Arguments::new());
    for (name, value) in given {
        if let Some((name, becomes)) = arm.arguments.iter().find(|(foreign, _)| *foreign == name) {
            // Null stands for what is left out.
            if !value.is_null() {
                foreign.push((*name, *becomes, value));
            }
        } else if ours || known.contains(&name.as_str()) {
            out.insert(name, value);
        } else {
            let mut all: Vec<&str> = arm.arguments.iter().map(|(name, _)| *name).collect();
            all.extend(known.iter().filter(|name| !is_foreign(name)));
            all.sort_unstable();
            all.dedup();
            return Err(unknown_argument(&name, &all));
        }
    }
    for (name, becomes, value) in foreign {
        take(arm, name, becomes, value, &mut out, &mut own)?;
    }
    if let Some(finish) = arm.finish {
        finish(&mut own, &mut out)?;
    }
    for (name, literal) in arm.sets {
        put(&mut out, name, name, literal.value())?;
    }
    for (name, literal) in arm.defaults {
        out.entry((*name).to_owned()).or_insert_with(|| literal.value());
    }
    Ok(out)
}

/// One foreign argument.
fn take(
    arm: &Arm,
    name: &'static str,
    becomes: Becomes,
    value: Value,
    out: &mut Arguments,
    own: &mut Arguments,
) -> Result<(), Fault> {
    match becomes {
        Becomes::Same => put(out, name, name, value),
        Becomes::Named(to) => put(out, name, to, value),
        Becomes::Pair(first, second) => {
            let [one, other] = pair(name, value)?;
            put(out, name, first, one)?;
            put(out, name, second, other)
        }
        Becomes::Label => put(out, name, "ref", reference(name, &value)?),
        Becomes::Chord => put(out, name, "keys", chord(name, value)?),
        Becomes::Display => put(out, name, "monitor", display(name, &value)?),
        Becomes::Words { to, words, remedy } => {
            let Some((_, becomes)) = words.iter().find(|(word, _)| word.is(&value)) else {
                let all: Vec<String> = words.iter().map(|(word, _)| word.value().to_string()).collect();
                let rule = format!("{} takes it as {}", arm.tool, all.join(", "));
                return Err(Fault::bad_argument(name, &value, &rule, remedy));
            };
            becomes.map_or(Ok(()), |becomes| put(out, name, to, becomes.value()))
        }
        Becomes::Refused(remedy) => {
            Err(Fault::bad_argument(name, &value, &format!("{} does not take it", arm.tool), remedy))
        }
        Becomes::Own(_) => {
            own.insert(name.to_owned(), value);
            Ok(())
        }
    }
}

/// Puts an argument that nothing else has said.
fn put(out: &mut Arguments, said: &str, name: &str, value: Value) -> Result<(), Fault> {
    if out.contains_key(name) {
        let rule = if said == name {
            format!("`{name}` is given, and another argument or the name that was called says it as well")
        } else {
            format!("`{said}` says what `{name}` says, which is given as well")
        };
        return Err(Fault::new(FaultCode::BadArgument, rule.clone())
            .field(said)
            .value("given twice")
            .rule(rule)
            .remedy("give one of them"));
    }
    out.insert(name.to_owned(), value);
    Ok(())
}

/// A list of exactly two values.
fn pair(name: &str, value: Value) -> Result<[Value; 2], Fault> {
    let refuse = |value: &Value| {
        Fault::bad_argument(name, value, "it is a list of two whole numbers", "write for example [200, 340]")
    };
    let Value::Array(items) = value else { return Err(refuse(&value)) };
    match <[Value; 2]>::try_from(items) {
        Ok(both) if both.iter().all(Value::is_number) => Ok(both),
        Ok(both) => Err(refuse(&Value::Array(both.to_vec()))),
        Err(items) => Err(refuse(&Value::Array(items))),
    }
}

/// The number of a ref as the ref.
fn reference(name: &str, value: &Value) -> Result<Value, Fault> {
    let number =
        value.as_u64().or_else(|| value.as_f64().filter(|float| float.fract() == 0.0)?.to_string().parse().ok());
    number.filter(|number| *number > 0).map(|number| format!("e{number}").into()).ok_or_else(|| {
        Fault::bad_argument(
            name,
            value,
            "it is the number of a ref: 12 for e12, as Snapshot and AnnotatedSnapshot show it; none counts from the end",
            "take it from Snapshot",
        )
    })
}

/// Keys in one text.
fn chord(name: &str, value: Value) -> Result<Value, Fault> {
    let keys = match &value {
        Value::String(_) => return Ok(value),
        Value::Array(keys) => keys.iter().map(Value::as_str).collect::<Option<Vec<&str>>>(),
        _ => None,
    };
    keys.filter(|keys| !keys.is_empty()).map(|keys| keys.join("+").into()).ok_or_else(|| {
        Fault::bad_argument(name, &value, "it is keys as a text or as a list of texts", "write for example ctrl+c")
    })
}

/// One display, counted from 1.
fn display(name: &str, value: &Value) -> Result<Value, Fault> {
    let number = match value {
        Value::Array(items) if items.len() == 1 => items.first().and_then(Value::as_u64),
        _ => None,
    };
    number.and_then(|number| number.checked_add(1)).map(Value::from).ok_or_else(|| {
        Fault::bad_argument(
            name,
            value,
            "it is a list of one display, counted from 0",
            "name one display, or leave it out for all",
        )
    })
}

#[cfg(test)]
mod tests;
