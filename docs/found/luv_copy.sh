#!/bin/bash
# A test of libuv by Lua: copies the file `in` to `out` by uv.fs_copyfile. Run it in a scratch folder.
exec lua5.3 -e 'assert(require("luv").fs_copyfile("in", "out"))'
