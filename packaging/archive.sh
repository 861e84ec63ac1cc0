#!/usr/bin/env bash
# Makes the archive with the binary, manual pages and completions: packaging/archive.sh VERSION TARGET
set -euo pipefail
name=amiusage-$1-$2
stage=target/stage/$name

rm -rf target/stage
mkdir -p "$stage"
cp -R README.md CHANGELOG.md SECURITY.md LICENSE-MIT LICENSE-APACHE man completions "$stage/"
find target/stage -exec chmod u=rwX,go=rX {} +
case $2 in
    *-windows-*)
        cp "target/$2/release/amiusage.exe" "$stage/"
        (cd target/stage && 7z a -tzip "../dist/$name.zip" "$name" > /dev/null)
        ;;
    *)
        install -m 755 "target/$2/release/amiusage" "$stage/"
        # macOS has GNU tar by the name gtar.
        tar=$(command -v gtar || command -v tar)
        "$tar" --create --directory target/stage --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
            --numeric-owner "$name" | gzip --no-name --best > "target/dist/$name.tar.gz"
        ;;
esac
