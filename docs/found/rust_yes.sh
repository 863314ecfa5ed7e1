#!/bin/bash
# A test of yes of rust-coreutils, of whose output the first 300000 bytes become `out`. Run it in a scratch
# folder.
. "$(dirname "$0")/need.sh"
need coreutils rust-coreutils
coreutils yes what is written again and again | head -c 300000 >out
