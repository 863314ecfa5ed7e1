#!/bin/bash
# A test of cp of GNU coreutils: copies the file `in` to `out`. Run it in a scratch folder.
exec cp in out
