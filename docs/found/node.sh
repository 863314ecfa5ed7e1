#!/bin/bash
# A test of Node.js: copies the file `in` to `out` by fs.copyFile. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need node nodejs
exec node -e 'require("fs").copyFile("in", "out", (error) => { if (error) throw error; })'
