#!/bin/bash
# A test of cp of rust-coreutils: copies the file `in` to `out`. Run it in a scratch folder.
exec coreutils cp in out
