// Package snowtest is a Snowflake for tests: an HTTP server that the real driver talks to, with DuckDB for the rows and
// Snowflake's rules for everything else. What it keeps to, as Snowflake's documentation has it:
//
//   - CREATE, ALTER and DROP commit the open transaction first. A failed statement is undone alone, and the transaction goes on. The
//     end of a session rolls back.
//   - READ COMMITTED: a statement sees what was committed when it began, and its own transaction's rows. UPDATE and DELETE lock their
//     table until the transaction ends; others wait as long as LOCK_TIMEOUT, at most twenty of them, and not in a circle. INSERT and COPY
//     wait for nobody. A transaction in the way of others that does nothing for five minutes is rolled back.
//   - Unquoted names are upper case. Keys are not enforced, NOT NULL is. NUMBER has 38 digits, and digits and lengths are checked.
//   - COPY skips files that the table's load metadata has, unless FORCE=TRUE, and fails if one of FILES does not exist.
//   - A request that is repeated with its request id is answered with the first one's result.
//
// Where the documentation is silent it takes the side that a client can rely on less: it refuses. A statement that it does not know
// is a syntax error and never a success. It knows one time zone: what would depend on the session's is refused unless that is UTC.
//
// Any rule can be made to fail at a chosen statement: see [Fault].
package snowtest

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"
)

// What a new server has: one account, user, database, warehouse and role. The database has the schema PUBLIC.
const (
	Account   = "TESTACCOUNT"
	User      = "LOADER"
	Password  = "correct horse"
	Database  = "TEST_DB"
	Schema    = "PUBLIC"
	Warehouse = "TEST_WH"
	Role      = "LOADER_ROLE"
)

// Server is a running server. Its fields may be set before the first login.
type Server struct {
	// PublicKey is the user's, for logins with a key pair.
	PublicKey *rsa.PublicKey
	// OAuthToken and AccessToken (programmatic) are accepted from the user; "" accepts none.
	OAuthToken, AccessToken string
	// Now is the server's clock. It decides over load metadata, tokens, defaults and CURRENT_TIMESTAMP.
	Now func() time.Time
	// IdleLimit is how long a transaction that blocks another may do nothing before it is rolled back: five minutes in Snowflake.
	IdleLimit time.Duration

	dir     string
	engine  *engine
	catalog *catalog
	http    *http.Server
	address *net.TCPAddr
	served  chan struct{}
	closing sync.Once

	ids, txs atomic.Int64
	mu       sync.Mutex
	sessions []*session
	requests map[string]*request
	log      []Statement
	faults   []*Fault

	locks   sync.Mutex // guards all tableLocks, waiting, and the state of transactions that they look at
	changed *sync.Cond // on locks: waiting changed
	waiting int
}

// New starts a server whose stages are in dir, which must exist. It listens on a free port of the loopback.
func New(dir string) (*Server, error) {
	engine, err := openEngine()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		engine.close()
		return nil, fmt.Errorf("start the snowflake test server: %w", err)
	}
	srv := &Server{
		Now: time.Now, IdleLimit: 5 * time.Minute,
		dir: dir, engine: engine, catalog: newCatalog(), served: make(chan struct{}),
		address: listener.Addr().(*net.TCPAddr), requests: map[string]*request{},
	}
	srv.changed = sync.NewCond(&srv.locks)
	srv.catalog.databases[Database] = newDatabase()
	srv.http = &http.Server{Handler: srv.routes(), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(srv.served)
		_ = srv.http.Serve(listener) // ends with Close
	}()
	return srv, nil
}

// Start starts a server that lives as long as the test.
func Start(t testing.TB) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "snowtest-") // not t.TempDir: long test names make long paths, and PUT has them in its text
	if err != nil {
		t.Fatal(err)
	}
	srv, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		srv.Close()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return srv
}

// Close ends all sessions and frees what the server holds. Files on stages stay in its folder. A second call does nothing.
func (srv *Server) Close() { srv.closing.Do(srv.shutDown) }

func (srv *Server) shutDown() {
	srv.mu.Lock()
	sessions := append([]*session(nil), srv.sessions...)
	for _, f := range srv.faults {
		f.release()
	}
	srv.mu.Unlock()
	_ = srv.http.Close()
	<-srv.served
	for _, s := range sessions {
		_ = s.shut()
	}
	srv.engine.close()
}

// Config is how the driver logs in. The caller may change it.
func (srv *Server) Config() sf.Config {
	off := "false"
	return sf.Config{
		Account: Account, User: User, Password: Password, Database: Database, Schema: Schema, Warehouse: Warehouse, Role: Role,
		Protocol: "http", Host: srv.address.IP.String(), Port: srv.address.Port,
		Params:              map[string]*string{"CLIENT_TELEMETRY_ENABLED": &off},
		DisableConsoleLogin: sf.ConfigBoolTrue,
	}
}

// SQL runs a statement in a session of its own and returns its rows as text, NULL as "NULL". Times are UTC.
func (srv *Server) SQL(statement string) ([][]string, error) {
	s := srv.newSession(User)
	defer func() { _ = s.shut() }()
	if err := s.setParameters(map[string]string{"TIMEZONE": "UTC"}); err != nil {
		return nil, err
	}
	r, err := s.execute(context.Background(), statement, nil)
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(r.rows))
	for i, row := range r.rows {
		out[i] = make([]string, len(row))
		for j, cell := range row {
			out[i][j] = readable(r.columns[j].t, cell)
		}
	}
	return out, nil
}

func (srv *Server) newSession(user string) *session {
	s := &session{
		server: srv, id: srv.ids.Add(1), database: Database, schema: Schema, warehouse: Warehouse, role: Role, user: user,
		parameters: defaultParameters(),
	}
	s.closed, s.close = context.WithCancel(context.Background())
	s.setToken(newToken("session"))
	s.master = newToken("master")
	srv.mu.Lock()
	srv.sessions = append(srv.sessions, s)
	srv.mu.Unlock()
	return s
}

func (srv *Server) now() time.Time { return srv.Now().UTC() }

// Statement is one statement that a client sent.
type Statement struct {
	Session int64
	SQL     string
	Tag     string // the QUERY_TAG in force
	Values  int    // of binds, over all rows
	Err     error  // *Error, or nil
}

// Statements are all statements so far that clients sent, in the order in which they ended. Repeated requests count once.
func (srv *Server) Statements() []Statement {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return append([]Statement(nil), srv.log...)
}

// Sessions is how many sessions are open.
func (srv *Server) Sessions() int {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return len(srv.sessions)
}

// AwaitWaiters blocks until at least n statements wait for locks.
func (srv *Server) AwaitWaiters(n int) {
	srv.locks.Lock()
	defer srv.locks.Unlock()
	for srv.waiting < n {
		srv.changed.Wait()
	}
}

// StageDir is the folder with the files of a stage, "" if there is no such stage. Name is the stage's without quotes: AMP_STAGE in
// the schema PUBLIC, or all three parts.
func (srv *Server) StageDir(name ...string) string {
	s := &session{server: srv, database: Database, schema: Schema}
	st, err := s.stage(name)
	if err != nil {
		return ""
	}
	return st.dir
}

func (srv *Server) newStageDir() (string, error) {
	dir := filepath.Join(srv.dir, "stage"+strconv.FormatInt(srv.ids.Add(1), 10))
	return dir, os.Mkdir(dir, 0o755)
}
