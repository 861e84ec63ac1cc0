#!/usr/bin/env bash
# Installs the tools of scripts/release.sh below target/tools: packaging/tools.sh TARGET
set -euo pipefail
target=$1

install() { cargo install --quiet --locked --root target/tools "$@"; }

install cargo-cyclonedx@0.5.9
case $target in
    *-linux-gnu)
        install cargo-deb@3.8.0
        install cargo-generate-rpm@0.21.1
        # Links against an older glibc than this machine's.
        python3 -m venv target/tools/python
        target/tools/python/bin/pip install --quiet cargo-zigbuild==0.24.1 ziglang==0.17.1
        ;;
esac
