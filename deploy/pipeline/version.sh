#!/bin/sh
# The version of this commit: that of its tag, else the last tag's with how far it is from it.
set -eu
cd "$(dirname "$0")/../.."
described=$(git describe --tags --match 'v[0-9]*' 2>/dev/null) || described="v0.0.0-g$(git rev-parse --short=12 HEAD)"
printf '%s\n' "${described#v}"
