#!/bin/bash
# A test of GLib's g_file_copy: copies the file `in` to `out`. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need gio libglib2.0-bin
exec gio copy in out
