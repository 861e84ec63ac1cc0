#!/usr/bin/env bash
# Makes the Debian and RPM packages: packaging/linux.sh VERSION TARGET
# What they contain is in Cargo.toml.
set -euo pipefail

# lintian requires a changelog in Debian's form.
mkdir -p target/stage
cat > target/stage/changelog.Debian << END
amiusage ($1-1) unstable; urgency=medium

  * See CHANGELOG.md.

 -- $(sed -n 's/^maintainer = "\(.*\)"/\1/p' Cargo.toml)  $(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
END
# The RPM package has the files' own times, at most SOURCE_DATE_EPOCH.
find README.md LICENSE-* man completions -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
cargo deb --quiet --no-build --no-strip --target "$2" --output target/dist/
cargo generate-rpm --target "$2" --auto-req disabled --payload-compress gzip --output target/dist/
