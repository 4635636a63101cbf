#!/bin/sh
# The version of this commit: that of its tag, else the last tag's with how far it is from it.
# It goes into command lines, and a tag may have backticks in it: what no image's tag may have is refused.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/../.."
described=$(git describe --tags --match 'v[0-9]*' 2>/dev/null) || described="v0.0.0-g$(git rev-parse --short=12 HEAD)"
version=${described#v}
case $version in
    *[!0-9A-Za-z.-]* | '')
        echo "The tag names no version of figures, letters, dots and hyphens: $described" >&2
        exit 1
        ;;
esac
printf '%s\n' "$version"
