#!/bin/bash
# A test of `wc -c` of rust-coreutils, which counts the bytes of a pipe. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need coreutils rust-coreutils
set -o pipefail
cat in | coreutils wc -c >out
