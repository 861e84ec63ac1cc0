#!/usr/bin/env bash
# Fills in the templates for package managers, and writes SHA256SUMS: packaging/manifests.sh VERSION DIRECTORY
# A template whose archives are not all in DIRECTORY is skipped: they are built on other platforms.
set -euo pipefail
version=$1
dist=$2
repository=$(sed -n 's/^repository = "\(.*\)"/\1/p' Cargo.toml)

checksums() { if command -v sha256sum > /dev/null; then sha256sum "$@"; else shasum --algorithm 256 "$@"; fi; }

for template in packaging/*/*.in; do
    text=$(sed -e "s|@VERSION@|$version|g" -e "s|@REPOSITORY@|$repository|g" "$template")
    while [[ $text =~ @SHA256:([^@]*)@ ]]; do
        archive=amiusage-$version-${BASH_REMATCH[1]}
        if [ ! -f "$dist/$archive" ]; then
            echo "Skipped $template: it needs $archive"
            continue 2
        fi
        sum=$(checksums "$dist/$archive")
        text=${text//"${BASH_REMATCH[0]}"/"${sum%% *}"}
    done
    manifest=$(basename "$template" .in)
    printf '%s\n' "$text" > "$dist/$manifest"
done
rm -f "$dist/SHA256SUMS"
(cd "$dist" && checksums -- * > ../SHA256SUMS && mv ../SHA256SUMS .)
