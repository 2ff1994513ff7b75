package snowtest

import (
	"net/http"
	"strings"
)

// Fault is something that goes wrong at one statement. Matching statements are counted from when the fault is added; a request that is
// repeated counts once.
type Fault struct {
	// Match is a part of the statement's text, as it is written: "COPY INTO", `INSERT INTO "AMP`, "COMMIT".
	Match string
	// Nth is which of the matching statements is hit: the first if it is 0.
	Nth int
	// Tries is how many times the client, repeating the request, meets the fault: once if it is 0, always if it is negative.
	Tries int

	// What happens, in this order; what is zero does not.
	Do        func()        // before the statement: remove a file, alter a table, restart a clock
	Hold      chan struct{} // the statement waits before it begins, until the channel is closed or the server is
	Reached   chan struct{} // closed when the statement was hit, before Hold
	Expire    bool          // the session's token expires before the statement
	Status    int           // the statement does not run, and this is the HTTP status
	LoseQuery bool          // the connection breaks before the statement runs
	Fail      *Error        // the statement does not run and fails so
	LoseReply bool          // the connection breaks after the statement ran

	seen int // under Server.mu
	gone chan struct{}
}

// Add adds faults. Each statement meets the first that matches.
func (srv *Server) Add(faults ...Fault) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, f := range faults {
		f.gone = make(chan struct{})
		srv.faults = append(srv.faults, &f)
	}
}

// match counts a statement and returns the fault that it meets, or nil. Called under srv.mu.
func (srv *Server) match(sql string) (hit *Fault) {
	for _, f := range srv.faults {
		if !strings.Contains(sql, f.Match) {
			continue
		}
		if f.seen++; f.seen == max(1, f.Nth) && hit == nil {
			hit = f
		}
	}
	return hit
}

// release lets go of what waits. Called under srv.mu.
func (f *Fault) release() { close(f.gone) }

type moment int

const (
	before moment = iota
	after
)

// meet lets the fault happen and reports whether the request is over with that.
func (f *Fault) meet(w http.ResponseWriter, s *session, m moment, try int) bool {
	if f == nil || f.Tries >= 0 && try > max(1, f.Tries) {
		return false
	}
	if m == after {
		if f.LoseReply {
			hangUp(w)
		}
		return f.LoseReply
	}
	gone := try == 1 && f.prepare()
	switch {
	case gone:
		hangUp(w)
	case f.Expire:
		s.mu.Lock()
		s.token = ""
		s.mu.Unlock()
		refuse(w, errExpired, "")
	case f.Status != 0:
		w.WriteHeader(f.Status)
	case f.LoseQuery:
		hangUp(w)
	case f.Fail != nil:
		refuse(w, f.Fail, "")
	default:
		return false
	}
	return true
}

// prepare does what comes before the statement, and reports whether the server was closed meanwhile.
func (f *Fault) prepare() (gone bool) {
	if f.Do != nil {
		f.Do()
	}
	if f.Reached != nil {
		close(f.Reached)
	}
	if f.Hold != nil {
		select {
		case <-f.Hold:
		case <-f.gone:
			return true
		}
	}
	return false
}

// hangUp breaks the connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}
