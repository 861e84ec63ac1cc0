#!/usr/bin/env bash
# The step of action.yml: downloads a release, verifies its checksum, and runs `amiusage check`.
# Its inputs are the INPUT_ variables of action.yml. It needs curl and jq.
set -euo pipefail
shopt -s extglob
: "${INPUT_VERSION:?}" "${INPUT_BASE_URL:?}" "${GITHUB_OUTPUT:?}" "${GITHUB_STEP_SUMMARY:?}" "${RUNNER_TEMP:?}"

fail() {
    echo "::error title=amiusage::$1"
    exit 255
}

case $(uname -s)-$(uname -m) in
    Linux-x86_64) target=x86_64-unknown-linux-gnu.tar.gz ;;
    Linux-aarch64) target=aarch64-unknown-linux-gnu.tar.gz ;;
    Darwin-arm64) target=aarch64-apple-darwin.tar.gz ;;
    Darwin-x86_64) target=x86_64-apple-darwin.tar.gz ;;
    MINGW*-x86_64 | MSYS*-x86_64) target=x86_64-pc-windows-msvc.zip ;;
    *) fail "there is no release for $(uname -s) on $(uname -m)" ;;
esac
archive=amiusage-$INPUT_VERSION-$target
directory=$(mktemp -d "$RUNNER_TEMP/amiusage.XXXXXX")
cd "$directory"

for file in SHA256SUMS "$archive"; do
    url=$INPUT_BASE_URL/v$INPUT_VERSION/$file
    curl --fail --silent --show-error --location --retry 3 --output "$file" "$url" || fail "cannot download $url"
done
checksums() { if command -v sha256sum > /dev/null; then sha256sum "$@"; else shasum --algorithm 256 "$@"; fi; }
grep -F " $archive" SHA256SUMS > expected || fail "SHA256SUMS does not list $archive"
checksums --check --status expected || fail "the checksum of $archive does not match SHA256SUMS"
case $archive in
    *.zip) unzip -q "$archive" ;;
    *) tar -xzf "$archive" ;;
esac

verdicts=$directory/verdicts.json
arguments=(check --output json --out-file "$verdicts" --fail-on "${INPUT_FAIL_ON:-in-use,unknown}")
read -ra image_ids <<< "${INPUT_IMAGE_IDS:-}"
[ ${#image_ids[@]} = 0 ] || arguments+=(--image-ids "${image_ids[@]}")
[ -z "${INPUT_REGION:-}" ] || arguments+=(--region "$INPUT_REGION")
if [ -n "${INPUT_ARGS:-}" ]; then
    # xargs understands quotes, and runs nothing of the input.
    while IFS= read -r argument; do arguments+=("$argument"); done < <(xargs -n 1 printf '%s\n' <<< "$INPUT_ARGS")
fi
status=0
"./${archive%%.@(tar.gz|zip)}/amiusage" "${arguments[@]}" || status=$?
[ -s "$verdicts" ] || exit "$status"

count() { jq --arg verdict "$1" '[.ImageVerdicts[] | select(.Verdict == $verdict)] | length' "$verdicts"; }
{
    for verdict in in-use unknown unused; do
        echo "$verdict=$(count "$verdict")"
    done
    echo "verdicts=$verdicts"
} >> "$GITHUB_OUTPUT"
{
    echo '### Image usage'
    echo
    echo "$(count in-use) in use, $(count unknown) unknown, $(count unused) unused"
    echo
    echo '| Image | Name | Verdict | Reasons |'
    echo '| --- | --- | --- | --- |'
    jq --raw-output '.ImageVerdicts[] | [.ImageId, .Name // "", .Verdict, ([.Reasons[].Message] | join("; "))]
        | map(gsub("\\|"; "\\|") | gsub("<"; "&lt;") | gsub("[\r\n]+"; " ")) | "| " + join(" | ") + " |"' "$verdicts"
} >> "$GITHUB_STEP_SUMMARY"
exit "$status"
