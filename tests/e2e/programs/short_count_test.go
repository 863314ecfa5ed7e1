// A test of a program that copies `in` to `out` by splice, with a mistake: what went into the pipe is
// taken to come out of it by one call. Built by `go test -c`; with cgo it loads shared libraries, which
// package net is for.
package main

import (
	_ "net"
	"os"
	"syscall"
	"testing"
)

func check(t *testing.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

func TestCopy(t *testing.T) {
	in, err := os.Open("in")
	check(t, err)
	out, err := os.Create("out")
	check(t, err)
	var ends [2]int
	check(t, syscall.Pipe(ends[:]))
	for {
		n, err := syscall.Splice(int(in.Fd()), nil, ends[1], nil, 65536, 0)
		check(t, err)
		if n == 0 {
			return
		}
		_, err = syscall.Splice(ends[0], nil, int(out.Fd()), nil, int(n), 0)
		check(t, err)
	}
}
