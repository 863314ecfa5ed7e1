#!/bin/bash
# A test of libuv by Lua: copies the file `in` to `out` by uv.fs_sendfile. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need lua5.3 lua5.3
need '/usr/lib/*/lua/5.3/luv.so' lua-luv
exec lua5.3 -e '
local uv = require "luv"
local from = assert(uv.fs_open("in", "r", 0))
local to = assert(uv.fs_open("out", "w", 420))
local size, sent = uv.fs_fstat(from).size, 0
while sent < size do
  local moved = assert(uv.fs_sendfile(to, from, sent, size - sent))
  assert(moved > 0)
  sent = sent + moved
end
'
