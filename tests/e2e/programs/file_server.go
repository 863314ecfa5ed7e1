// file_server FILE: serves the file by HTTP, fetches it from itself, and prints the SHA-256 of what
// arrives. The standard library sends it by sendfile. Built without cgo it is static.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	check(err)
	go http.Serve(listener, http.HandlerFunc(func(to http.ResponseWriter, asked *http.Request) {
		http.ServeFile(to, asked, os.Args[1])
	}))
	response, err := http.Get("http://" + listener.Addr().String() + "/")
	check(err)
	sum := sha256.New()
	_, err = io.Copy(sum, response.Body)
	check(err)
	fmt.Printf("%x\n", sum.Sum(nil))
}
