#!/bin/bash
# A test of cp of GNU coreutils: copies the file `in` to `out`. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need cp coreutils
exec cp in out
