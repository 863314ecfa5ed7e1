#!/bin/bash
# A test of `wc -c` of rust-coreutils, which counts the bytes of a pipe. Run it in a scratch folder.
set -o pipefail
cat in | coreutils wc -c >out
