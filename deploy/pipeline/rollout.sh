#!/bin/sh
# Brings VERSION, as the image IMAGE_DIGEST, to ENVIRONMENT: beside what is live, looked at, switched to and watched.
# BLUEGREEN_CONFIG, /etc/evaltrack/bluegreen.toml by default, says where that is.
set -eu
cd "$(dirname "$0")/../.."
: "${ENVIRONMENT:?qa, staging or production}" "${VERSION:?}" "${IMAGE_DIGEST:?}"
export IMAGE_DIGEST

python3 deploy/pipeline/passed.py "$ENVIRONMENT" "$IMAGE_DIGEST"
deploy/bluegreen deploy "$VERSION"
deploy/bluegreen verify "$VERSION"
deploy/bluegreen switch "$VERSION"
