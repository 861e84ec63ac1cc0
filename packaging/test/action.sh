#!/usr/bin/env bash
# Tests packaging/action/check.sh with the release in target/dist and the emulator: packaging/test/action.sh VERSION
set -euo pipefail
version=$1
grep -qxF "    default: $version" action.yml || { echo "error: the default of action.yml is not $version"; exit 1; }
command -v jq > /dev/null || { apt-get update --quiet && apt-get install --quiet --yes jq; }
work=$(mktemp -d)
release=$work/releases/v$version
name=amiusage-$version-x86_64-unknown-linux-gnu
mkdir -p "$release"
cp target/dist/SHA256SUMS target/dist/*.tar.gz "$release/"
tar -xzf "$release/$name.tar.gz" -C "$work"

"$work/$name/amiusage" emulator --listen 127.0.0.1:0 > "$work/emulator" 2>&1 &
emulator=$!
trap 'kill $emulator; rm -r "$work"' EXIT
until grep -q 'http://' "$work/emulator"; do read -rt 0.1 <> <(:) || true; done
endpoint=$(grep -o 'http://[0-9.:]*' "$work/emulator" | head -1)

export GITHUB_OUTPUT=$work/output GITHUB_STEP_SUMMARY=$work/summary RUNNER_TEMP=$work
export INPUT_VERSION=$version INPUT_BASE_URL=file://$work/releases
export AWS_ACCESS_KEY_ID=AKIAEXAMPLE AWS_SECRET_ACCESS_KEY=secret AWS_REGION=us-east-1

# Runs the step, and checks its exit status.
step() {
    local expected=$1 status=0
    : > "$GITHUB_OUTPUT"
    : > "$GITHUB_STEP_SUMMARY"
    bash packaging/action/check.sh > "$work/log" 2>&1 || status=$?
    [ "$status" = "$expected" ] || { cat "$work/log"; echo "error: status $status, expected $expected"; exit 1; }
}
expect() { grep -qF -- "$2" "$work/$1" || { cat "$work/$1"; echo "error: no '$2' in the $1"; exit 1; }; }

export INPUT_ARGS="--owned --endpoint-url '$endpoint'"
INPUT_FAIL_ON=in-use,unknown step 1
for line in in-use=5 unknown=1 unused=1 verdicts=; do expect output "$line"; done
expect summary '5 in use, 1 unknown, 1 unused'
expect summary '| ami-0123456789abcdef0 | batch-2025-06 | unused | no use and no reference found |'
[ "$(jq '.ImageVerdicts | length' "$(sed -n 's/^verdicts=//p' "$work/output")")" = 7 ]
INPUT_FAIL_ON=unknown step 2
INPUT_FAIL_ON=none step 0

export INPUT_ARGS="--endpoint-url $endpoint"
INPUT_IMAGE_IDS='ami-0123456789abcdef0 ami-1a2b3c4d' INPUT_REGION=us-east-1 step 1
expect output in-use=1
expect output unused=1
INPUT_IMAGE_IDS=ami-0123456789abcdef0 step 0
INPUT_IMAGE_IDS="; touch $work/injected \$(touch $work/injected)" step 2
[ ! -e "$work/injected" ]

echo 'A damaged archive and a missing checksum are refused.'
echo x >> "$release/$name.tar.gz"
step 255
expect log 'does not match SHA256SUMS'
: > "$release/SHA256SUMS"
step 255
expect log 'SHA256SUMS does not list'
INPUT_VERSION=9.9.9 step 255
expect log 'cannot download'
echo 'The action passes.'
