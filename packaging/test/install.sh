#!/usr/bin/env bash
# Installs the release in target/dist into a clean Debian, as root: packaging/test/install.sh VERSION
set -euo pipefail
version=$1
root=$PWD/target/root
name=amiusage-$version-x86_64-unknown-linux-gnu

for command in debootstrap lintian rpm; do
    command -v "$command" > /dev/null || { apt-get update --quiet && apt-get install --quiet --yes "$command"; }
done

echo '-- Policy of Debian packages'
# saphyr has the messages of libyaml, of which it is a translation to Rust.
lintian --fail-on error --suppress-tags embedded-library target/dist/amiusage_*.deb
echo '-- Contents of the RPM package'
{
    echo /usr/bin/amiusage
    echo /usr/share/bash-completion/completions/amiusage
    echo /usr/share/fish/vendor_completions.d/amiusage.fish
    (cd man && printf '/usr/share/man/man1/%s\n' *)
    echo /usr/share/zsh/site-functions/_amiusage
} | diff - <(rpm --query --package --list target/dist/amiusage-*.rpm | grep -v '^/usr/share/\(doc\|licenses\)/')

echo '-- A clean Debian'
site=$(apt-get indextargets --format '$(SITE)' 'Codename: bookworm' 'Created-By: Packages' | head -1)
[ -x "$root/usr/bin/fish" ] || debootstrap --variant=minbase --include=bash-completion,ca-certificates,fish,zsh \
    bookworm "$root" "$site" > /dev/null
rm -rf "$root"/usr/local/bin/* "$root"/root/*
run() { env --ignore-environment PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb chroot "$root" "$@"; }

nothing_left_by() {
    if find "$root/usr" "$root/etc" -name '*amiusage*' | grep .; then
        echo "error: $1 left these files"
        exit 1
    fi
}

# Bash's completion uses /dev/fd.
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
ln -sfn /proc/self/fd "$root/dev/fd"

echo '-- apt-get install and remove'
cp target/dist/amiusage_*.deb "$root/root/amiusage.deb"
run apt-get install --quiet --yes --reinstall /root/amiusage.deb
run amiusage entries --offline --output json | grep -q '"AccountId":"123412341234"'
run test -s /usr/share/man/man1/amiusage-check.1.gz
for shell in bash zsh fish; do
    python3 packaging/test/complete.py "$shell" "$root"
done
run apt-get remove --quiet --yes amiusage
nothing_left_by 'apt-get remove'

echo '-- rpm --install and --erase'
# The root has no database of RPM packages, so dependencies cannot be found.
rpm --root "$root" --install --nodeps target/dist/amiusage-*.rpm
run amiusage --version
rpm --root "$root" --query --requires amiusage | grep -x 'glibc >= 2.28'
rpm --root "$root" --erase --nodeps amiusage
# cargo-generate-rpm cannot make directories part of a package.
find "$root/usr" -type d -name amiusage -empty -delete
nothing_left_by 'rpm --erase'

echo '-- The install section of the README'
cp "target/dist/$name.tar.gz" target/dist/SHA256SUMS "$root/root/"
sed -n '/^## Install/,/^## /{/^```sh$/,/^```$/p}' README.md | sed '/^```/d' | grep -v cargo > "$root/root/install.sh"
grep -q 'sha256sum --check' "$root/root/install.sh"
installed=$(run sh -euc 'cd /root; sudo() { "$@"; }; . ./install.sh; amiusage --version')
echo "$installed"
grep -qxF "amiusage $version" <<< "$installed"
