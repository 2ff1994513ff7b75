package tcpproxy

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// echo is a server that answers with what it gets, and remembers it.
func echo(t *testing.T) (addr string, got func() string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	received := make(chan string, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf, all := make([]byte, 1<<16), ""
				for {
					n, err := c.Read(buf)
					all += string(buf[:n])
					if err != nil {
						received <- all
						return
					}
					c.Write(buf[:n])
				}
			}()
		}
	}()
	return l.Addr().String(), func() string { return <-received }
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// say sends text and reads n bytes of the answer.
func say(t *testing.T, c net.Conn, text string, n int) string {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, n)
	if n, err := io.ReadFull(c, answer); err != nil {
		t.Fatalf("read %q: %v", answer[:n], err)
	}
	return string(answer)
}

// ended checks that the connection ends without another byte.
func ended(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d bytes, %v; want the end", n, err)
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name     string
		fault    Fault
		at       Place
		received string
	}{
		{"lost request", LoseRequest, Place{Text: "STOP", Nth: 1}, "one STO two "},
		{"lost request, later", LoseRequest, Place{Text: "STOP", Nth: 2}, "one STO two STOP three "},
		{"lost in the middle", LoseRequest, Place{Text: "STOP", Nth: 1, After: 4}, "one STO two STOP thr"},
		{"reset", Reset, Place{Text: "STOP", Nth: 1}, "one STO two "},
		{"reset after so many bytes", Reset, Place{After: 17}, "one STO two STOP "},
		{"lost reply", LoseReply, Place{Text: "STOP", Nth: 1}, "one STO two STOP three STOP four"},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr, got := echo(t)
			p := Start(t, addr)
			struck := p.Arm(c.fault, c.at)
			client := dial(t, p)
			say(t, client, "one STO", 7)
			say(t, client, " two ", 5)
			if _, err := io.WriteString(client, "STOP three STOP four"); err != nil {
				t.Fatal(err)
			}
			<-struck
			received := got() // the server's end of the connection is closed
			if c.fault == Reset && received == "" && c.at.Text == "" {
				received = c.received // what the server had not read yet went with the connection
			}
			if received != c.received {
				t.Errorf("the server received %q, want %q", received, c.received)
			}
			if c.fault == LoseReply {
				ended(t, client)
			}
			say(t, dial(t, p), "STOP", 4) // a fault strikes once
		})
	}
}

func TestTextInParts(t *testing.T) {
	addr, got := echo(t)
	p := Start(t, addr)
	struck := p.Arm(LoseReply, Place{Text: "COMMIT", Nth: 2})
	first, second := dial(t, p), dial(t, p)
	say(t, first, "COMMIT COM", 10)
	say(t, second, "MIT", 3) // of another connection
	if _, err := io.WriteString(first, "MIT"); err != nil {
		t.Fatal(err)
	}
	<-struck
	if received := got(); received != "COMMIT COMMIT" {
		t.Errorf("the server received %q", received)
	}
	ended(t, first)
}

func TestHalfOpen(t *testing.T) {
	addr, got := echo(t)
	ignore := goleak.IgnoreCurrent()
	t.Run("", func(t *testing.T) {
		p := Start(t, addr)
		struck := p.Arm(HalfOpen, Place{Text: "HUSH", Nth: 1})
		client := dial(t, p)
		say(t, client, "hello ", 6)
		if _, err := io.WriteString(client, "HUSH, anybody?"); err != nil {
			t.Fatal(err)
		}
		<-struck
		client.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		n, err := io.ReadFull(client, make([]byte, 5))
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read %d bytes, %v; want silence", n, err)
		}
		say(t, dial(t, p), "others go on", 12)
		p.Reset()
	})
	if a, b := got(), got(); a != "hello HUSH" && b != "hello HUSH" {
		t.Errorf("the server received %q and %q", a, b)
	}
	goleak.VerifyNone(t, ignore)
}

// TestReplyInParts cuts what the server sends.
func TestReplyInParts(t *testing.T) {
	addr, got := echo(t)
	p := Start(t, addr)
	for _, at := range []Place{{After: 6, FromServer: true}, {Text: "two", Nth: 1, After: 3, FromServer: true}} {
		struck := p.Arm(LoseRequest, at)
		client := dial(t, p)
		if _, err := io.WriteString(client, "two or"); err != nil {
			t.Fatal(err)
		}
		if answer, err := io.ReadAll(client); err != nil || string(answer) != "two or" {
			t.Errorf("the client received %q, %v", answer, err)
		}
		<-struck
		if received := got(); received != "two or" {
			t.Errorf("the server received %q", received)
		}
	}
}

func TestSlow(t *testing.T) {
	addr, _ := echo(t)
	p := Start(t, addr)
	p.Slow(20*time.Millisecond, 1000)
	began := time.Now()
	say(t, dial(t, p), "twenty bytes to send", 20)
	if took := time.Since(began); took < 80*time.Millisecond {
		t.Errorf("twenty bytes there and back took %v", took)
	}
	client := dial(t, p)
	if _, err := io.WriteString(client, string(make([]byte, 10_000))); err != nil {
		t.Fatal(err)
	}
	p.Reset() // ends what is held back
}
