#!/bin/bash
# A test of libuv by Lua: copies the file `in` to `out` by uv.fs_copyfile. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need lua5.3 lua5.3
need '/usr/lib/*/lua/5.3/luv.so' lua-luv
exec lua5.3 -e 'assert(require("luv").fs_copyfile("in", "out"))'
