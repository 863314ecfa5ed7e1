#!/bin/bash
# A test of cp of rust-coreutils: copies the file `in` to `out`. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need coreutils rust-coreutils
exec coreutils cp in out
