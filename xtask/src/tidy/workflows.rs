//! What the workflows run: nothing but commands that README.md tells people to run, so that what is checked by machines
//! is what people do.

use std::collections::BTreeSet;

/// The commands that stand in the text's fenced blocks: one a line, without a prompt and without a comment.
pub(crate) fn commands(readme: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in readme.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = !inside;
        } else if inside {
            let command = line.split(" #").next().unwrap_or(line).trim();
            if !command.is_empty() {
                found.insert(command.to_owned());
            }
        }
    }
    found
}

/// Every `run:` of a workflow that is not one of the commands.
pub(super) fn check(path: &str, workflow: &str, commands: &BTreeSet<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    for (line, number) in workflow.lines().zip(1_usize..) {
        let line = line.trim().trim_start_matches("- ");
        let Some(command) = line.strip_prefix("run:") else { continue };
        let command = command.trim().trim_matches(['"', '\'']);
        if command.starts_with(['|', '>']) {
            complaints.push(format!("{path}:{number}: a run is one command of README.md, not a script"));
        } else if !commands.contains(command) {
            complaints.push(format!("{path}:{number}: `{command}` is not a command of README.md"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "Run `cargo other`:\n\n```sh\ncargo xtask demo   # two minutes\n\ncargo xtask test\n```\nls\n";

    #[test]
    fn commands_are_the_lines_of_fenced_blocks() {
        let commands: Vec<String> = commands(README).into_iter().collect();
        assert_eq!(commands, ["cargo xtask demo", "cargo xtask test"]);
    }

    #[test]
    fn a_run_that_the_readme_lacks_and_a_script_are_named() {
        let workflow = "steps:\n  - run: cargo xtask test\n  - name: x\n    run: cargo test\n  - run: |\n      ls\n";
        assert_eq!(
            check("w.yml", workflow, &commands(README)),
            [
                "w.yml:4: `cargo test` is not a command of README.md",
                "w.yml:5: a run is one command of README.md, not a script"
            ]
        );
    }
}
