#!/usr/bin/env bash
# Fills in all package manager manifests, with stand-ins for the archives: packaging/test/manifests.sh VERSION
set -euo pipefail
dist=$(mktemp -d)
trap 'rm -r "$dist"' EXIT

for target in {x86_64,aarch64}-{unknown-linux-gnu,apple-darwin}.tar.gz x86_64-pc-windows-msvc.zip; do
    echo "$target" > "$dist/amiusage-$1-$target"
done
bash packaging/manifests.sh "$1" "$dist"
cd "$dist"
sha256sum --check --quiet SHA256SUMS
python3 -m json.tool amiusage.json > /dev/null
for manifest in amiusage.rb amiusage.json Amiusage.Amiusage.yaml; do
    if grep '@' "$manifest"; then
        echo "error: $manifest has a placeholder left"
        exit 1
    fi
    # Each checksum is that of the archive in the line before it.
    archives=$(grep -o "amiusage-$1-[^/\"]*\.\(tar\.gz\|zip\)" "$manifest")
    sums=$(grep -Eo '\b[0-9a-f]{64}\b' "$manifest")
    paste -d ' ' <(echo "$sums") <(echo "$archives") | sed 's/ /  /' | sha256sum --check --quiet
done
