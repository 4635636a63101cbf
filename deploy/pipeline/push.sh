#!/bin/sh
# push.sh IMAGE VERSION: pushes what image.tar holds, and says its digest: from here on nothing else names the image.
set -eu
image=$1 version=$2

docker load --quiet --input image.tar
if [ -n "${REGISTRY_TOKEN:-}" ]; then
    DOCKER_CONFIG=$(mktemp -d)
    export DOCKER_CONFIG
    trap 'rm -rf "$DOCKER_CONFIG"' EXIT
    # Whatever is before the first slash, if it is a host.
    printf '%s' "$REGISTRY_TOKEN" | docker login --username "$REGISTRY_USERNAME" --password-stdin "${image%%/*}"
fi
docker push --quiet "$image:$version"
digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image:$version" |
    sed -n 's/.*@\(sha256:[0-9a-f]\{64\}\)$/\1/p' | sort -u)
case $digest in
    sha256:*[!0-9a-f]* | '')
        echo "The registry said no single digest of $image:$version: $digest" >&2
        exit 1
        ;;
esac
printf 'digest=%s\n' "$digest" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
