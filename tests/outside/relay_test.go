// Explored by ci_test.py.
package relay

import (
	"io"
	"net"
	"os"
	"testing"
)

// A file to a TCP connection, which is sendfile.
func TestSend(t *testing.T) {
	file, _ := os.Open("in")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			io.Copy(conn, file)
			conn.Close()
		}
	}()
	conn, _ := listener.Accept()
	n, err := io.Copy(io.Discard, conn)
	if err != nil || n != 100000 {
		t.Fatal(n, err)
	}
}
