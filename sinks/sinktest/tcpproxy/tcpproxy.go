// Package tcpproxy stands between a client and a server in tests, and breaks their connection in the ways that networks do,
// at a chosen place of what one of them sends. It can also be slow.
package tcpproxy

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
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
	// Reset is LoseRequest by a RST instead of an orderly end, to both sides.
	Reset
)

// Place is where a fault strikes: After bytes beyond the end of the Nth occurrence of Text, counted over all connections from
// the moment on that the fault was armed. With LoseRequest or Reset and After zero, Text itself is lost. Without a Text it is After
// bytes beyond what is sent first.
type Place struct {
	Text  string
	Nth   int
	After int
	// FromServer looks for the place in what the server sends: the client gets what came before it and no more.
	FromServer bool
}

// Proxy forwards the connections that are made to it.
type Proxy struct {
	listener net.Listener
	server   string
	done     chan struct{} // closed when no connection is accepted any more

	mu     sync.Mutex
	links  map[*link]struct{}
	armed  bool
	fault  Fault
	place  Place // with what is left of Nth
	struck chan struct{}

	latency   time.Duration
	perSecond int
}

// Slow holds back all that is passed on from now on, in both directions: each piece, of at most 32 KiB, by the latency and by the time
// that it takes at a bandwidth of so many bytes per second; 0 is without end.
func (p *Proxy) Slow(latency time.Duration, perSecond int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latency, p.perSecond = latency, perSecond
}

// hold waits as long as n bytes take, or until the connection is over.
func (p *Proxy) hold(n int, over <-chan struct{}) {
	p.mu.Lock()
	d := p.latency
	if p.perSecond > 0 {
		d += time.Duration(n) * time.Second / time.Duration(p.perSecond)
	}
	p.mu.Unlock()
	if d == 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-over:
	}
}

// Start makes a proxy for the server at an address, and closes it with all connections when the test ends.
func Start(tb testing.TB, server string) *Proxy {
	tb.Helper()
	p, err := New(server)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Close)
	return p
}

// New makes a proxy for the server at an address. It is to be closed.
func New(server string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, server: server, links: map[*link]struct{}{}, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.serve()
	}()
	return p, nil
}

// Close ends the proxy and all connections.
func (p *Proxy) Close() {
	p.listener.Close()
	<-p.done
	p.Reset()
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

// Disarm takes back a fault that has not struck.
func (p *Proxy) Disarm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = false
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
	go l.pump(l.server, l.client, l.answer)
}

// strikes looks for the place of the armed fault in data, before which the same side sent tail, both on one connection. It
// reports the fault, how many bytes from the beginning of data on come before it, and what is to be closed when it strikes; nil if
// there is none.
func (p *Proxy) strikes(fromServer bool, tail, data []byte) (before int, fault Fault, struck chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.armed || p.place.FromServer != fromServer {
		return 0, 0, nil
	}
	if p.place.Text == "" {
		p.armed = false
		return p.place.After, p.fault, p.struck
	}
	tail = tail[max(0, len(tail)-len(p.place.Text)+1):] // too short to hold the text
	all := append(bytes.Clone(tail), data...)
	for at := 0; ; {
		found := bytes.Index(all[at:], []byte(p.place.Text))
		if found < 0 {
			return 0, 0, nil
		}
		at += found + len(p.place.Text)
		if p.place.Nth--; p.place.Nth > 0 {
			continue
		}
		p.armed = false
		before = at - len(tail)
		if (p.fault == LoseRequest || p.fault == Reset) && p.place.After == 0 {
			before -= len(p.place.Text)
		}
		return max(before, 0) + p.place.After, p.fault, p.struck
	}
}

// link is one connection through the proxy.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	pumps          sync.WaitGroup
	once           sync.Once
	over           chan struct{} // closed when the connection ends

	mu     sync.Mutex
	fault  Fault
	left   int           // bytes until the fault strikes
	found  bool          // the fault is this connection's
	reply  bool          // it strikes in what the server sends
	struck chan struct{} // closed when it does

	tails [2][]byte // the last bytes of client and server, in which a text may have begun
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
		l.proxy.hold(pass, l.over)
		if _, err := to.Write(buf[:pass]); err != nil || !more {
			return
		}
	}
}

// request takes what the client sent.
func (l *link) request(data []byte) (pass int, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.look(false, data)
	switch {
	case !l.found || l.fault == LoseReply:
		return len(data), true
	case l.reply && l.fault == HalfOpen && l.left == 0:
		return 0, false
	case l.reply:
		return len(data), true
	}
	return l.upToTheFault(data)
}

// answer takes what the server sent.
func (l *link) answer(data []byte) (pass int, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.look(true, data)
	switch {
	case !l.found:
		return len(data), true
	case l.reply:
		return l.upToTheFault(data)
	case l.fault == LoseReply, l.fault == HalfOpen && l.left == 0:
		return 0, false
	}
	return len(data), true
}

// look looks for the armed fault in what one side sent. It is called with the link locked.
func (l *link) look(fromServer bool, data []byte) {
	if l.found {
		return
	}
	tail := &l.tails[0]
	if fromServer {
		tail = &l.tails[1]
	}
	before, fault, struck := l.proxy.strikes(fromServer, *tail, data)
	if struck != nil {
		l.found, l.fault, l.left, l.reply, l.struck = true, fault, before, fromServer, struck
		if before == 0 || fault == LoseReply {
			close(struck) // what comes next is hit
		}
		return
	}
	seen := append(*tail, data...)
	*tail = bytes.Clone(seen[max(0, len(seen)-longest):])
}

// upToTheFault passes on what comes before the fault. It is called with the link locked.
func (l *link) upToTheFault(data []byte) (pass int, more bool) {
	pass = min(l.left, len(data))
	if l.left > 0 && l.left == pass && l.fault != LoseReply {
		close(l.struck)
	}
	l.left -= pass
	if l.left == 0 && l.fault == Reset {
		for _, c := range []net.Conn{l.client, l.server} {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // closing it then is a RST; an error means that it is closed
			}
		}
	}
	return pass, l.left > 0
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
