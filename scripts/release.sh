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
host=$(rustc -vV | sed -n 's/^host: //p')
targets=("$host")
if [[ $host == *-linux-gnu ]]; then
    # A static binary, for Alpine Linux and systems with an older glibc.
    musl=${host%-gnu}-musl
    if [ -d "$(rustc --print target-libdir --target "$musl")" ]; then
        targets+=("$musl")
    else
        echo "Skipped $musl: its standard library is not installed (rustup target add $musl)"
    fi
fi
# The time of everything in the release.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

step() { printf '\n== %s (%s s so far)\n' "$1" "$SECONDS"; }

step 'Tools'
bash packaging/tools.sh "$host"
PATH="$PWD/target/tools/bin:$PWD/target/tools/python/bin:$PATH"
export PATH

rm -rf target/dist
mkdir -p target/dist
for target in "${targets[@]}"; do
    step "Binary for $target"
    bash packaging/build.sh "$target"
    step 'Archive'
    bash packaging/archive.sh "$version" "$target"
    if [[ $target == *-linux-gnu ]]; then
        step 'Debian and RPM packages'
        bash packaging/linux.sh "$version" "$target"
    fi
    step 'Bill of materials'
    bash packaging/sbom.sh "$version" "$target"
done
step 'Package manager manifests and checksums'
bash packaging/manifests.sh "$version" target/dist

step 'Done'
ls -l target/dist
