// relay FILE: sends the file to itself over two TCP connections with a relay between them, and
// prints the SHA-256 of what arrives. The standard library sends the file by sendfile, and relays by
// splice. Built without cgo it is static.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Both ends of a connection over the loopback interface.
func connection() (near, far *net.TCPConn) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	check(err)
	dialled, err := net.Dial("tcp4", listener.Addr().String())
	check(err)
	accepted, err := listener.Accept()
	check(err)
	listener.Close()
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn)
}

func main() {
	file, err := os.Open(os.Args[1])
	check(err)
	sender, in := connection()
	out, receiver := connection()
	pass := func(to *net.TCPConn, from io.Reader) {
		_, err := to.ReadFrom(from)
		check(err)
		check(to.CloseWrite())
	}
	go pass(sender, file)
	go pass(out, in)
	sum := sha256.New()
	_, err = io.Copy(sum, receiver)
	check(err)
	fmt.Printf("%x\n", sum.Sum(nil))
}
