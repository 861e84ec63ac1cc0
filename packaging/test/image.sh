#!/usr/bin/env bash
# Builds packaging/Dockerfile with the release in target/dist and runs the image, as root: packaging/test/image.sh VERSION
# The Debian that packaging/test/install.sh made stands in for the base images, so that no registry is needed.
set -euo pipefail
version=$1
command -v buildah > /dev/null || { apt-get update --quiet && apt-get install --quiet --yes buildah; }
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
buildah() { command buildah --root "$work/images" --runroot "$work/run" "$@"; }

# The base image as in packaging/Dockerfile, with the user that it has.
printf 'FROM scratch\nCOPY . /\nRUN useradd --system nonroot\n' > "$work/base"
printf '%s\n' dev proc root usr/share var > "$work/ignore"
buildah bud --quiet --ignorefile "$work/ignore" --file "$work/base" --tag base target/root
mapfile -t bases < <(sed -n 's/^FROM \([^ ]*\).*/\1/p' packaging/Dockerfile)
buildah tag base "${bases[@]}"

buildah bud --quiet --pull-never --build-arg VERSION="v$version" --build-arg TARGETARCH=amd64 \
    --file packaging/Dockerfile --tag amiusage target/dist
buildah inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}}{{println}}' amiusage \
    | diff - <(echo 'nonroot [/usr/bin/amiusage]')
container=$(buildah from --pull-never amiusage)
run() { buildah run "$container" -- "$@"; }
run amiusage --version | grep -xF "amiusage $version" > /dev/null
run amiusage entries --offline --output json | grep '"AccountId":"123412341234"' > /dev/null
[ "$(run id --user --name)" = nonroot ]
echo 'The image passes.'
