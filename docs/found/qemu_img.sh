#!/bin/bash
# A test of qemu-img: copies the file `in` to `out` by copy offloading. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need qemu-img qemu-utils
exec qemu-img convert -C -f raw -O raw in out
