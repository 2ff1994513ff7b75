package ampdev

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// splitter serves two protocols on one listener: connections that begin as HTTP/2 go to the gRPC server, others to the HTTP
// server that answers health checks. It knows all open connections, so that it can drop them.
type splitter struct {
	listener    net.Listener
	tls         *tls.Config
	http, http2 *branch
	done        chan struct{}

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

func newSplitter(listener net.Listener, config *tls.Config) *splitter {
	if config != nil {
		config = config.Clone()
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	p := &splitter{listener: listener, tls: config, done: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	p.http = &branch{p, make(chan net.Conn)}
	p.http2 = &branch{p, make(chan net.Conn)}
	return p
}

// branch is the listener of one of the protocols.
type branch struct {
	*splitter
	accepted chan net.Conn
}

// Accept implements net.Listener.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case c := <-b.accepted:
		return c, nil
	case <-b.done:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (b *branch) Addr() net.Addr { return b.listener.Addr() }

// run accepts until the listener fails or is closed, which is no error.
func (p *splitter) run() error {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			closed := errors.Is(err, net.ErrClosed)
			p.Close()
			if closed {
				return nil
			}
			return err
		}
		tracked := &trackedConn{Conn: c, splitter: p}
		p.mu.Lock()
		p.conns[c] = struct{}{}
		p.mu.Unlock()
		go p.route(tracked)
	}
}

// Close closes the listener and all connections.
func (p *splitter) Close() error {
	p.mu.Lock()
	select {
	case <-p.done:
	default:
		close(p.done)
	}
	p.mu.Unlock()
	err := p.listener.Close()
	p.drop()
	return err
}

// drop resets all connections: the peers see a broken connection, not an orderly end.
func (p *splitter) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if t, ok := c.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
		c.Close()
	}
}

// preface is how HTTP/2 connections begin; the next bytes are not needed to tell them from HTTP/1.
const preface = "PRI "

// firstBytes is how long a client may take to say what it speaks.
const firstBytes = 10 * time.Second

func (p *splitter) route(c net.Conn) {
	c.SetReadDeadline(time.Now().Add(firstBytes))
	if p.tls != nil {
		c = tls.Server(c, p.tls)
	}
	reader := bufio.NewReader(c)
	first, err := reader.Peek(len(preface))
	if err != nil {
		c.Close()
		return
	}
	c.SetReadDeadline(time.Time{})
	to := p.http
	if string(first) == preface {
		to = p.http2
	}
	select {
	case to.accepted <- &peekedConn{c, reader}:
	case <-p.done:
		c.Close()
	}
}

// trackedConn leaves the splitter's list when it is closed.
type trackedConn struct {
	net.Conn
	splitter *splitter
}

func (c *trackedConn) Close() error {
	c.splitter.mu.Lock()
	delete(c.splitter.conns, c.Conn)
	c.splitter.mu.Unlock()
	return c.Conn.Close()
}

// peekedConn reads through the buffer that was peeked into.
type peekedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (c *peekedConn) Read(b []byte) (int, error) { return c.reader.Read(b) }

func healthHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return mux
}
