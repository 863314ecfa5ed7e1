#!/bin/bash
# A test of cat of GNU coreutils, from file to file: `in` becomes `out`. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need cat coreutils
exec cat in >out
