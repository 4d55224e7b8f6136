//! `docs/configuration.md` and `docs/policy.md`, out of the table of keys and the tools' descriptors. What a key says is
//! written in `config`; only what is true of all keys together stands here.

use super::cell;
use anyhow::{Context, Result};
use portcullis_config::{Environment, KEYS, Key, OF_PRINCIPALS, POLICY_FILE, PRINCIPALS, READ_AT_START};
use portcullis_model::{Effect, Tier};
use portcullis_tools::Catalogue;
use std::fmt::Write as _;

const CONFIGURATION: &str = "\
# Configuration

<!-- Written by `cargo xtask generate` from the table of keys in crates/config. Do not edit. -->

The configuration comes from three places, each of which may set what the ones before leave unset and narrow what they
say, never widen it. What would widen is refused with both places named.

1. **The machine's file**: `Portcullis\\portcullis.toml` in the machine's folder for program data (`C:\\ProgramData`, asked of
   the system), elsewhere `/etc/portcullis/portcullis.toml`. Only administrators may be able to write it and its folder.
2. **The owner's file**: the one of `--config FILE`, which must be there; else `portcullis.toml` in `%APPDATA%\\Portcullis`,
   elsewhere in `$XDG_CONFIG_HOME/portcullis`; else none. The working directory is never looked at.
3. **The command line.**

A file begins with `version = 1`. It is read strictly: an unknown key or a wrong value stops the start with file, line,
column, key, value, rule and nearest name. It is refused when others than this user, SYSTEM and Administrators (elsewhere:
this user and root) own or can write it or its folder; so are `http.key`, `keys.json` and `audit.key`, and the private key of
TLS also when others can read it. A key that is supplied in `http.key` has at least 32 visible ASCII characters, at least 8
different ones, and is not made of a sample.

`portcullis config show` prints each value and where it came from; `portcullis policy check [FILE]` says whether a server
would start. What the keys allow and refuse is told in [the policy](policy.md).
";

const POLICY: &str = "\
# The policy

<!-- Written by `cargo xtask generate` from the table of keys and the tools' descriptors. Do not edit. -->

What a call may do is decided before it happens, from its effects and what they touch. Each effect belongs to a tier; a
tool is listed when something that it is for is open to the caller. A refusal names the rule that decided, with file and line, and
the smallest change that would allow the call. `ExplainPolicy` and `portcullis policy explain TOOL --args JSON [--as KEY]`
say the same without making the call, and of a Batch step by step, each as things are before the first one. What a call
comes upon while it works, such as the entries of a folder, is decided then. Deny wins; where the keys stand and how places
narrow one another is told in [the configuration](configuration.md).

Without a policy file tiers 1 and 2 are open and tier 3 is shut. Our own windows are refused to every tool, and no key lifts
that. Tier 2 on an unlocked desktop is trust and no sandbox: input to consoles and other programs that run commands is of
tier 3, but a program may run commands that is not known to.
";

const OF_ONE: &str = "
## Rules of one principal

A section of its own narrows what holds for all for one caller: `local`, which is stdio and the command line, `key:NAME`,
`oauth:SUBJECT` or `cert:NAME`. Both must allow a call. Roots of files and keys of the registry, and hosts, are also given by it, where the
rules of all name none; where they do, its roots lie within those. What would add to the rules of all stops the start. Refusals
and `ExplainPolicy` name a caller's own rules and those of all, never another's.

```toml
[principals.\"key:ci\"]
tools.exclude = [\"App\"]
files.read = ['D:\\ci']
rates.calls = 60
```

These keys may stand there:

";

const RELOADING: &str = "
## Reading the policy again

`portcullis reload` asks the running servers of a data folder to read their policy files again, with the flags that they were
started with. The new rules take the place of the old ones when they allow nothing that the old ones refused: to nobody, of no
tool, effect, file, key of the registry, host, program, window or chord, and at no higher rate. Roots are compared as containment;
where that cannot tell, the new rules count as wider. Else the old ones stay, and the answer, standard error and the record
say what would be wider; a restart takes it. A file that is not in order leaves the old rules. Calls under way end by the rules
that they began with.
";

const HIDING: &str = "
## What hiding a window does

A window that `capture.exclude` names is taken out between the machine and the tools: it is not listed, its text is not
read, it has no picture of its own, and its rectangle is black in pictures of the screen, where it stood before the picture
was taken and where it stands after. It gets no input, is not operated, brought to the front, moved or closed. What lies over
it is black too.

It does not cover: a hidden program's text in other programs' windows (task bar, notifications, previews), its pop-ups
without a title that are no menus, and, for a rule about a title, the program's windows with other titles. A list of
processes still names the program.
";

const FILES: &str = "
## What holds for files

A path is absolute and on a drive of this machine. `..`, shares, devices, streams, names that end in a dot or a space, and
names of devices are refused as they are written. What is left is walked name by name, by handle: a link or a short name is
replaced by what it leads to, and one that leads to another machine is not followed. The rules are asked about where the path
really leads, and asked again by the port about what it has open, so that nothing that is swapped in between is used.

Refused to every tool, and no key lifts it: the policy files, the data folders with keys, audit and stop files, the server's
exe, and what holds one of these is not written, moved or deleted; and the files by which MCP clients say what they start
(`claude_desktop_config.json`, `.mcp.json`, `.claude.json`, `.claude\\settings.json`, `.cursor\\mcp.json`, `.vscode\\mcp.json`,
`Code\\User\\mcp.json`, `.codeium\\windsurf\\mcp_config.json`, `.codex\\config.toml`, `.gemini\\settings.json`). Refused also inside of a
root, unless `files.read` or `files.write` names the very path: stores of credentials of SSH, GnuPG, cloud tools, browsers and
Windows. What is kept back inside of a folder is counted as `withheld` in lists and searches, and not told.

A file that is replaced takes the access rights of its folder, not those of the file before.

A caller over HTTP needs the scope `files` besides that of the tier, and has no root by default. That a link leads to what it
is judged by is not verified on real Windows; the lab's system makes no links.
";

const REGISTRY: &str = "
## What holds for the registry

A key is named whole: `*` and `?` stand for nothing and are refused. It is opened, and the rules are asked about the name that
the kernel has for it: HKCR, HKCC, the user's own SID below HKU and links are replaced, and the 32-bit view's `WOW6432Node` is
left out, so that a rule holds by any name and in both views. The key stays open until the call ends, and its name is asked
again when it is used. What is kept back below a key is counted as `withheld`, and a key around it is not deleted. Places of
credentials are refused also below a root, unless `registry.read` or `registry.write` names the very key.

A root is named as it really is: HKCR, HKCC, CurrentControlSet, the user's own SID and `WOW6432Node` stop the start, with the
real name in the error. Where roots lie in one another, the narrowest counts.

Nothing is written unless `registry.write` says so. Whoever writes where Windows, the shell or another program learns what to
start runs a program, so these places are refused below a root as places of credentials are: the keys of autostart, logon and
services, those by which one program takes another's place or is loaded into it, COM servers, and the shell's verbs and
extensions. The list is of well-known places and cannot be whole: a root in the software of one program is safer than one in
all of `HKCU\\Software`. Our own keys, `Software\\Portcullis` and `Software\\Policies\\Portcullis`, are refused whatever is
named. That a link goes itself and never what it leads to is not verified on real Windows.
";

const HOSTS: &str = "
## What holds for hosts

A host is a name or an address in its one form: without user and password, in lower case, international names by UTS 46, without
the dot at its end. Decimal, octal, hexadecimal and short forms of an IPv4 address are refused, since programs read them
differently. A name is looked up once, and the rules are asked about the name and about every address that it has; one that is
not open refuses the whole host. What is connected to is one of these addresses, and nothing is looked up again. A name that no
rule could open is not looked up at all: its servers would learn what stands in it.

An IPv4 address inside an IPv6 one is the IPv4 address; one of NAT64 is what the address in it is; 6to4, Teredo and ISATAP are
never public. Refused to all, and no key lifts it: the metadata services of clouds (169.254.169.254, fd00:ec2::254 and others) in
any form, addresses of groups and of no host, and fetching what this server serves itself. Where it listens on every address,
every address that is not public counts as its own at that port.

Public are addresses that anybody may have on the internet. Those of private networks and of the link are `private`, this
machine's own are `loopback`; what is shared out by providers and overlay networks (100.64.0.0/10) is neither and has to be named.
";

const WPF: &str = "
## What holds for WPF applications

Without an entry there is none that a tool connects to. `portcullis policy explain --wpf-target PATH [--sha256 HEX]
[--signer SUBJECT]` says what the list says of a program.

An entry is one program by its exact path, as it really lies: absolute, on a drive of this machine, without `..`, wildcard,
short name, link, stream, share or device, and with its extension. `sha256` is that of the program's file; `signer` is the
subject of the certificate by which Windows finds it signed; an entry has one of them or neither. An entry that is not in order
stops the start, and so does one that is another name for its program. All that an entry says must be so of a running program,
and what cannot be found out about it fits nothing.

One list admits to any connection, whoever calls and whatever the tool. Refusals are the same for every program that is not
named. The inspector is loaded only into what says `load = true`, once `gates.injection` is open as well; `load` alone opens no
gate. What runs in `dotnet.exe` is not told apart by this list: an application should be named by a program of its own.
`portcullis doctor --security` tells which of them others can write, which are not there, and which are known by place alone.
";

/// `docs/configuration.md`.
pub(super) fn configuration() -> Result<String> {
    let mut page = CONFIGURATION.to_owned();
    page.push_str("\n## Keys\n");
    let mut last = "";
    for key in KEYS {
        let section = key.section();
        if section != last {
            writeln!(page, "\n### [{section}]\n\n| key | value | default | flag | a later place | what |")?;
            page.push_str("|---|---|---|---|---|---|\n");
            last = section;
        }
        row(&mut page, key)?;
    }
    page.push_str(OF_ONE);
    for path in OF_PRINCIPALS {
        writeln!(page, "- `{PRINCIPALS}.\"NAME\".{path}`")?;
    }
    page.push_str("\n## Variables\n\nNo variable opens anything or turns a check off. A path that is not absolute is passed over.\n\n");
    page.push_str("| variable | what |\n|---|---|\n");
    for (name, what) in Environment::VARIABLES {
        writeln!(page, "| `{name}` | {} |", cell(what))?;
    }
    writeln!(page, "\nThe file is named `{POLICY_FILE}`. Profiles to begin with lie in [profiles](../profiles).")?;
    Ok(page)
}

fn row(page: &mut String, key: &Key) -> Result<()> {
    let name = key.name();
    let flag = key.flag.map_or("none".to_owned(), |flag| format!("`{flag}`"));
    let (value, default, merge) = (cell(&key.kind.rule()), cell(key.default), key.merge.rule());
    writeln!(page, "| `{name}` | {value} | {default} | {flag} | {merge} | {} |", cell(key.what))?;
    Ok(())
}

/// An effect as it is written.
fn word(effect: &Effect) -> Result<String> {
    let word = serde_json::to_value(effect)?;
    Ok(format!("`{}`", word.as_str().context("an effect is written as a word")?))
}

/// `docs/policy.md`.
pub(super) fn policy(catalogue: &Catalogue) -> Result<String> {
    let mut page = POLICY.to_owned();
    page.push_str("\n## Effects\n\n| effect | tier | tools that may have it |\n|---|---|---|\n");
    for effect in Effect::ALL {
        let word = serde_json::to_value(effect)?;
        let word = word.as_str().context("an effect is written as a word")?;
        let has = |tool: &&portcullis_tools::AnyTool| tool.descriptor().effects.contains(&effect);
        let tools: Vec<&str> = catalogue.tools().iter().filter(has).map(|tool| tool.descriptor().name).collect();
        writeln!(page, "| `{word}` | {} | {} |", effect.tier().number(), tools.join(", "))?;
    }
    page.push_str("\n## Tools by their own tier\n\n| tier | tools |\n|---|---|\n");
    for tier in [Tier::Observe, Tier::Interact, Tier::Alter] {
        let own = catalogue.tools().iter().filter(|tool| tool.descriptor().tier == tier);
        let names: Vec<&str> = own.map(|tool| tool.descriptor().name).collect();
        writeln!(page, "| {tier} | {} |", names.join(", "))?;
    }
    page.push_str("\n## Rules\n\n| key | default | what |\n|---|---|---|\n");
    for key in KEYS.iter().filter(|key| !READ_AT_START.contains(&key.section())) {
        writeln!(page, "| `{}` | {} | {} |", key.path, cell(key.default), cell(key.what))?;
    }
    page.push_str("\n## Weights of effects\n\nA call counts with the heaviest of what its tool is for.\n\n| weight | effects |\n|---|---|\n");
    for weight in 1..=3 {
        let of_weight = Effect::ALL.iter().filter(|effect| effect.weight() == weight);
        let words: Vec<String> = of_weight.map(word).collect::<Result<_>>()?;
        writeln!(page, "| {weight} | {} |", words.join(", "))?;
    }
    page.push_str(RELOADING);
    let sections: Vec<String> = READ_AT_START.iter().map(|section| format!("`{section}`")).collect();
    writeln!(page, "What these sections say takes a restart: {}.", sections.join(", "))?;
    page.push_str(HIDING);
    page.push_str(FILES);
    page.push_str(REGISTRY);
    page.push_str(HOSTS);
    page.push_str(WPF);
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_every_effect_is_told() {
        let (configuration, policy) = (configuration().unwrap(), policy(&Catalogue::new()).unwrap());
        for key in KEYS {
            assert!(configuration.contains(&format!("| `{}` |", key.name())), "{}", key.path);
        }
        for effect in Effect::ALL {
            let word = serde_json::to_value(effect).unwrap();
            assert!(policy.contains(&format!("| `{}` |", word.as_str().unwrap())), "{word}");
        }
    }
}
