#!/bin/bash
# A test of GLib's g_file_copy: copies the file `in` to `out`. Run it in a scratch folder.
exec gio copy in out
