package snowtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// session is what a login opened. Its statements run one at a time.
type session struct {
	server           *Server
	id               int64
	database, schema string
	warehouse, role  string
	user             string

	run     sync.Mutex // held while a statement runs; guards what follows
	tx      *tx
	aborted bool // tx was rolled back since it was idle and in the way

	mu         sync.Mutex
	parameters map[string]string
	token      string   // accepted; "" once expired
	tokens     []string // all so far
	master     string
	closed     context.Context
	close      context.CancelFunc
}

// The session parameters that mean something here, with Snowflake's defaults.
func defaultParameters() map[string]string {
	return map[string]string{
		"TIMEZONE": "America/Los_Angeles", "LOCK_TIMEOUT": "43200", "QUERY_TAG": "", "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": "65280",
		"CLIENT_SESSION_KEEP_ALIVE": "false", "CLIENT_TELEMETRY_ENABLED": "true",
	}
}

func (s *session) parameter(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parameters[name]
}

// setParameters sets session parameters. One that means nothing here is refused: it would be set in vain. Those for clients mean
// something there.
func (s *session) setParameters(p map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range p {
		if _, known := s.parameters[name]; !known && !strings.HasPrefix(name, "CLIENT_") {
			return unsupported("the session parameter %s", name)
		}
	}
	maps.Copy(s.parameters, p)
	return nil
}

// utc refuses to let the session's zone decide, unless it is UTC: the server knows no other.
func (s *session) utc(what string) error {
	if zone := s.parameter("TIMEZONE"); zone != "UTC" && zone != "Etc/UTC" {
		return unsupported("%s in the session's TIMEZONE %s", what, zone)
	}
	return nil
}

// tx is an open transaction. Rows that it inserted carry its id in _tx, and rows that it deleted in _del; that is how others
// do not see them until it commits. A statement that fails in it is undone alone.
type tx struct {
	id      int64
	owner   *session
	touched map[*relation]touch // where there are rows with its id
	locks   []*relation
	loaded  map[*relation]map[string]loadedFile
	active  time.Time // when its last statement ended; guarded by owner.run
	waits   *tx       // whose lock its statement waits for; guarded by Server.locks
}

// touch is what a transaction did to a table.
type touch struct{ inserted, deleted bool }

func (s *session) newTx() *tx {
	return &tx{id: s.server.txs.Add(1), owner: s, active: s.server.now(), touched: map[*relation]touch{}, loaded: map[*relation]map[string]loadedFile{}}
}

// begin opens a transaction; in an open one it does nothing, as in Snowflake.
func (s *session) begin() {
	if s.tx == nil {
		s.tx = s.newTx()
	}
}

// end commits or rolls back what is open, if anything.
func (s *session) end(commit bool) error {
	t := s.tx
	if t == nil {
		return nil
	}
	err := s.server.finish(t, commit)
	s.tx = nil
	return err
}

// inTx runs do in the open transaction, or in one of its own.
func (s *session) inTx(do func(*tx) error) error {
	if s.tx != nil {
		return do(s.tx)
	}
	t := s.newTx()
	if err := do(t); err != nil {
		if rollback := s.server.finish(t, false); rollback != nil {
			return rollback
		}
		return err
	}
	return s.server.finish(t, true)
}

// finish makes a transaction's rows everybody's, or drops them, and frees its locks.
func (srv *Server) finish(t *tx, commit bool) error {
	defer srv.unlock(t)
	script := ""
	for r, did := range t.touched {
		gone, stays := "_del", "_tx"
		deletes, updates := did.deleted, did.inserted
		if !commit {
			gone, stays, deletes, updates = stays, gone, updates, deletes
		}
		if deletes && !r.dropped.Load() {
			script += fmt.Sprintf("DELETE FROM %s WHERE %s = %d;", r.id, gone, t.id)
		}
		if updates && !r.dropped.Load() {
			script += fmt.Sprintf("UPDATE %[1]s SET %[2]s = 0 WHERE %[2]s = %[3]d;", r.id, stays, t.id)
		}
	}
	if script != "" {
		if err := srv.engine.atomically(func(c *conn) error { _, err := c.query(script); return err }); err != nil {
			return err
		}
	}
	if commit {
		for r, files := range t.loaded {
			r.loaded.add(files)
		}
	}
	return nil
}

// visible is the condition for rows that t, or a statement outside of transactions, sees.
func (t *tx) visible() string {
	if t == nil {
		return "_tx = 0"
	}
	return fmt.Sprintf("(_tx = 0 OR _tx = %[1]d) AND _del <> %[1]d", t.id)
}

// tableLock is held from the first UPDATE or DELETE on a table to the end of the transaction. INSERT and COPY need none.
type tableLock struct {
	holder  *tx
	freed   chan struct{} // closed when holder is done
	waiting int
}

// maxWaiters is how many statements may wait for one lock.
const maxWaiters = 20

// lock waits until t holds r's lock, as long as LOCK_TIMEOUT and ctx allow.
func (s *session) lock(ctx context.Context, t *tx, r *relation) error {
	seconds := s.parameter("LOCK_TIMEOUT")
	wait, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return errorf("001008", "22023", "invalid value '%s' for parameter LOCK_TIMEOUT", seconds)
	}
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		holder, freed := s.server.tryLock(t, r)
		switch {
		case holder == nil:
			return nil
		case wait == 0:
			return lockTimeout(r)
		}
		if err := s.server.await(ctx, t, holder, freed, timeout.C, r); err != nil {
			return err
		}
	}
}

// tryLock locks r for t, or returns who has it and what tells when it is free.
func (srv *Server) tryLock(t *tx, r *relation) (holder *tx, freed <-chan struct{}) {
	srv.locks.Lock()
	defer srv.locks.Unlock()
	switch r.lock.holder {
	case t:
		return nil, nil
	case nil:
		r.lock.holder, r.lock.freed = t, make(chan struct{})
		t.locks = append(t.locks, r)
		return nil, nil
	}
	return r.lock.holder, r.lock.freed
}

// await waits for freed as one of the lock's waiters. A holder that has done nothing for too long is rolled back, and a statement that
// would close a circle of waiting transactions fails.
func (srv *Server) await(ctx context.Context, t, holder *tx, freed <-chan struct{}, timeout <-chan time.Time, r *relation) error {
	idle := time.NewTimer(srv.expire(holder))
	defer idle.Stop()
	srv.locks.Lock()
	if r.lock.waiting >= maxWaiters {
		srv.locks.Unlock()
		return errorf("000625", "57014", "Statement was aborted because the number of waiters for the lock of table '%s' exceeds the %d statements limit.", r.name, maxWaiters)
	}
	for other := holder; other != nil; other = other.waits {
		if other == t {
			srv.locks.Unlock()
			return errorf(unnumbered, "57014", "Statement was aborted because of a deadlock on table '%s'.", r.name)
		}
	}
	t.waits = holder
	wait := func(n int) {
		r.lock.waiting += n
		srv.waiting += n
		srv.changed.Broadcast()
	}
	wait(1)
	srv.locks.Unlock()
	defer func() {
		srv.locks.Lock()
		t.waits = nil
		wait(-1)
		srv.locks.Unlock()
	}()
	select {
	case <-freed:
		return nil
	case <-idle.C:
		return nil // look again
	case <-timeout:
		return lockTimeout(r)
	case <-ctx.Done():
		return canceled()
	}
}

// expire rolls t back if its session has been idle for too long, and returns when to look again.
func (srv *Server) expire(t *tx) time.Duration {
	if !t.owner.run.TryLock() {
		return srv.IdleLimit // it runs a statement
	}
	defer t.owner.run.Unlock()
	if t.owner.tx != t {
		return 0
	}
	if left := srv.IdleLimit - srv.now().Sub(t.active); left > 0 {
		return left
	}
	t.owner.aborted = t.owner.end(false) == nil
	return 0
}

func lockTimeout(r *relation) error {
	return errorf("000625", "57014", "Statement was aborted because another transaction has locked table '%s' and has not released it within the LOCK_TIMEOUT.", r.name)
}

func canceled() error { return errorf("000604", "57014", "SQL execution canceled") }

func (srv *Server) unlock(t *tx) {
	srv.locks.Lock()
	defer srv.locks.Unlock()
	for _, r := range t.locks {
		r.lock.holder = nil
		close(r.lock.freed)
	}
	t.locks = nil
}

// shut ends the session and rolls its transaction back.
func (s *session) shut() error {
	s.close()
	s.run.Lock()
	defer s.run.Unlock()
	s.server.mu.Lock()
	s.server.sessions = slices.DeleteFunc(s.server.sessions, func(x *session) bool { return x == s })
	s.server.mu.Unlock()
	return s.end(false)
}
