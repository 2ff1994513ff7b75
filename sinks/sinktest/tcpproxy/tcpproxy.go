// Package tcpproxy stands between a client and a server in tests, and breaks their connection in the ways that networks do,
// at a chosen place of what the client sends.
package tcpproxy

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// Fault is what happens to a connection.
type Fault int

const (
	// LoseRequest ends the connection at the place: the server gets what came before it and no more.
	LoseRequest Fault = iota
	// LoseReply passes everything on to the server, and ends the connection when the server answers: whatever it was asked
	// for, it has done.
	LoseReply
	// HalfOpen passes nothing on any more, in either direction, and tells nobody.
	HalfOpen
)

// Place is where a fault strikes: After bytes beyond the end of the Nth occurrence of Text, counted over all connections from
// the moment on that the fault was armed. With LoseRequest and After zero, Text itself is lost.
type Place struct {
	Text  string
	Nth   int
	After int
}

// Proxy forwards the connections that are made to it.
type Proxy struct {
	listener net.Listener
	server   string

	mu     sync.Mutex
	links  map[*link]struct{}
	armed  bool
	fault  Fault
	place  Place // with what is left of Nth
	struck chan struct{}
}

// Start makes a proxy for the server at an address, and closes it with all connections when the test ends.
func Start(tb testing.TB, server string) *Proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{listener: l, server: server, links: map[*link]struct{}{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.serve()
	}()
	tb.Cleanup(func() {
		l.Close()
		<-done
		p.Reset()
	})
	return p
}

// Addr is where clients connect.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Arm makes a fault strike once, and returns what is closed when it does. It replaces a fault that has not struck.
func (p *Proxy) Arm(fault Fault, at Place) (struck <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.fault, p.place, p.struck = true, fault, at, make(chan struct{})
	return p.struck
}

// Reset ends all connections, half-open ones too. New ones can be made.
func (p *Proxy) Reset() {
	p.mu.Lock()
	var links []*link
	for l := range p.links {
		links = append(links, l)
	}
	p.mu.Unlock()
	for _, l := range links {
		l.close()
		l.pumps.Wait()
	}
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			client.Close()
			continue
		}
		p.forward(&link{proxy: p, client: client, server: server, over: make(chan struct{})})
	}
}

func (p *Proxy) forward(l *link) {
	p.mu.Lock()
	p.links[l] = struct{}{}
	p.mu.Unlock()
	l.pumps.Add(2)
	go l.pump(l.client, l.server, l.request)
	go l.pump(l.server, l.client, l.reply)
}

// strikes looks for the place of the armed fault in data, before which the client sent tail, both on one connection. It
// reports the fault, and how many bytes of data come before it.
func (p *Proxy) strikes(tail, data []byte) (before int, fault Fault, yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.armed {
		return 0, 0, false
	}
	tail = tail[max(0, len(tail)-len(p.place.Text)+1):] // too short to hold the text
	all := append(bytes.Clone(tail), data...)
	for at := 0; ; {
		found := bytes.Index(all[at:], []byte(p.place.Text))
		if found < 0 {
			return 0, 0, false
		}
		at += found + len(p.place.Text)
		if p.place.Nth--; p.place.Nth > 0 {
			continue
		}
		p.armed = false
		close(p.struck)
		before = at - len(tail)
		if p.fault == LoseRequest && p.place.After == 0 {
			before -= len(p.place.Text)
		}
		return max(before, 0) + p.place.After, p.fault, true
	}
}

// link is one connection through the proxy.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	pumps          sync.WaitGroup
	once           sync.Once
	over           chan struct{} // closed when the connection ends

	mu    sync.Mutex
	fault Fault
	left  int  // bytes of the client until the fault strikes
	found bool // the fault is this connection's

	tail []byte // the client's last bytes, in which a text may have begun; used by the request pump
}

// longest is the length of the longest text that is found although it was sent in parts.
const longest = 64

func (l *link) close() {
	l.once.Do(func() {
		close(l.over)
		l.client.Close()
		l.server.Close()
		l.proxy.mu.Lock()
		delete(l.proxy.links, l)
		l.proxy.mu.Unlock()
	})
}

// pump copies from one side to the other. Of what it read, take says how much is passed on, and whether that goes on.
func (l *link) pump(from, to net.Conn, take func(data []byte) (int, bool)) {
	defer l.pumps.Done()
	defer l.close()
	defer l.freeze()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		pass, more := take(buf[:n])
		if _, err := to.Write(buf[:pass]); err != nil || !more {
			return
		}
	}
}

// request takes what the client sent.
func (l *link) request(data []byte) (pass int, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.found {
		before, fault, yes := l.proxy.strikes(l.tail, data)
		if !yes {
			seen := append(l.tail, data...)
			l.tail = bytes.Clone(seen[max(0, len(seen)-longest):])
			return len(data), true
		}
		l.found, l.fault, l.left = true, fault, before
	}
	if l.fault == LoseReply {
		return len(data), true
	}
	pass = min(l.left, len(data))
	l.left -= pass
	return pass, l.left > 0
}

// reply takes what the server sent.
func (l *link) reply(data []byte) (pass int, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.found && (l.fault == LoseReply || l.fault == HalfOpen && l.left == 0) {
		return 0, false
	}
	return len(data), true
}

// freeze holds a half-open connection until somebody ends it.
func (l *link) freeze() {
	l.mu.Lock()
	half := l.found && l.fault == HalfOpen
	l.mu.Unlock()
	if half {
		<-l.over
	}
}
