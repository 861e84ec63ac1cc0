#!/usr/bin/env bash
# Lists the crates in the binary as a CycloneDX document: packaging/sbom.sh VERSION TARGET
set -euo pipefail
name=amiusage-$1-$2.cdx

# Leaves out the random serial number, because SOURCE_DATE_EPOCH is set.
cargo cyclonedx --quiet --format json --target "$2" --override-filename "$name"
# References to this package contain the directory.
sed "s|$PWD|.|g" "$name.json" > "target/dist/$name.json"
rm "$name.json"
