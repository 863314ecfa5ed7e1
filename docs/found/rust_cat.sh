#!/bin/bash
# A test of cat of rust-coreutils, from a file to a pipe and from a pipe to a file: `in` becomes `out`. Run it in
# a scratch folder.
. "$(dirname "$0")/need.sh"
need coreutils rust-coreutils
set -o pipefail
coreutils cat in | coreutils cat >out
