#!/bin/sh
# usage: go.sh PACKAGE [OPTION...]
# Explores the tests of a Go package. Go makes its system calls itself: anysplice carries them out for
# the test's program, which is therefore built first and not by `go test`.
set -eu
package=$1
shift
program=$(mktemp -d)/package.test
trap 'rm -r "$(dirname "$program")"' EXIT
go test -c -o "$program" "$package"
cd "$(go list -f '{{.Dir}}' "$package")"
anysplice explore --status-only "$@" -- "$program" -test.count=1
