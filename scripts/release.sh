#!/usr/bin/env bash
# Makes a release for this machine's platform below target/dist: bash scripts/release.sh VERSION
# Two runs on one machine give the same bytes. Needs a Rust toolchain, Python 3, Git, and on Linux binutils.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:?usage: bash scripts/release.sh VERSION}
grep -qxF "version = \"$version\"" Cargo.toml || {
    echo "error: Cargo.toml does not have version $version" >&2
    exit 1
}
target=$(rustc -vV | sed -n 's/^host: //p')
# The time of everything in the release.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

step() { printf '\n== %s (%s s so far)\n' "$1" "$SECONDS"; }

step 'Tools'
bash packaging/tools.sh "$target"
PATH="$PWD/target/tools/bin:$PWD/target/tools/python/bin:$PATH"
export PATH

step 'Binary'
bash packaging/build.sh "$target"

rm -rf target/dist
mkdir -p target/dist
step 'Archive'
bash packaging/archive.sh "$version" "$target"
case $target in
    *-linux-gnu)
        step 'Debian and RPM packages'
        bash packaging/linux.sh "$version" "$target"
        ;;
esac
step 'Bill of materials'
bash packaging/sbom.sh "$version" "$target"
step 'Package manager manifests and checksums'
bash packaging/manifests.sh "$version" target/dist

step 'Done'
ls -l target/dist
