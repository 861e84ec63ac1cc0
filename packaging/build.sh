#!/usr/bin/env bash
# Builds target/TARGET/release/amiusage without paths of this machine: packaging/build.sh TARGET
set -euo pipefail
target=$1

# The oldest glibc that the binary runs on: RHEL 8, Debian 10, Amazon Linux 2023.
GLIBC=2.28

RUSTFLAGS="--remap-path-prefix=$PWD=amiusage"
RUSTFLAGS+=" --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
RUSTFLAGS+=" --remap-path-prefix=$(rustc --print sysroot)=rust"
export RUSTFLAGS
case $target in
    *-linux-gnu)
        cargo zigbuild --release --locked --bin amiusage --target "$target.$GLIBC"
        newest=$(objdump -T "target/$target/release/amiusage" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
        echo "Newest symbol version: $newest"
        printf '%s\n' "$newest" "GLIBC_$GLIBC" | sort -VC || {
            echo "error: the binary needs a newer glibc than $GLIBC" >&2
            exit 1
        }
        ;;
    *-linux-musl)
        cargo zigbuild --release --locked --bin amiusage --target "$target"
        ;;
    *-windows-msvc)
        RUSTFLAGS+=' -C target-feature=+crt-static' cargo build --release --locked --bin amiusage --target "$target"
        ;;
    *)
        cargo build --release --locked --bin amiusage --target "$target"
        ;;
esac
