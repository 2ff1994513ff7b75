package snowtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tokenSeconds is how long tokens are said to be valid.
const tokenSeconds = 3600

func newToken(kind string) string { return kind + "-" + rand.Text() }

func (srv *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /session/v1/login-request", srv.login)
	mux.HandleFunc("POST /session/token-request", srv.renew)
	mux.HandleFunc("POST /session/heartbeat", srv.inSession(func(http.ResponseWriter, *http.Request, *session) any { return nil }))
	mux.HandleFunc("POST /session", srv.endSession)
	mux.HandleFunc("POST /queries/v1/query-request", srv.query)
	mux.HandleFunc("POST /queries/v1/abort-request", srv.inSession(srv.abort))
	mux.HandleFunc("POST /telemetry/send", srv.inSession(func(http.ResponseWriter, *http.Request, *session) any { return nil }))
	return mux
}

// answer is the envelope of every response.
type answer struct {
	Data    any     `json:"data"`
	Code    *string `json:"code"`
	Message *string `json:"message"`
	Success bool    `json:"success"`
}

func succeed(w http.ResponseWriter, data any) { reply(w, answer{Data: data, Success: true}) }

func refuse(w http.ResponseWriter, err error, queryID string) {
	e := asError(err)
	reply(w, answer{Data: map[string]any{"sqlState": e.State, "queryId": queryID}, Code: &e.Code, Message: &e.Message})
}

func reply(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // the client may be gone
}

// What a session's token can be besides valid.
var (
	errExpired = errorf("390112", "08001", "Session token is expired. Client must renew it.")
	errGone    = errorf("390111", "08001", "Session no longer exists. New login required to access the service.")
)

// session finds the session of a request.
func (srv *Server) session(r *http.Request) (*session, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), `Snowflake Token="`)
	token = strings.TrimSuffix(token, `"`)
	if !ok || token == "" {
		return nil, errorf("390103", "08001", "Session token not found in the request data.")
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, s := range srv.sessions {
		s.mu.Lock()
		current, known := s.token, s.owns(token)
		s.mu.Unlock()
		switch {
		case token == current:
			return s, nil
		case known:
			return nil, errExpired
		}
	}
	return nil, errGone
}

// owns reports whether token is or was one of s. Called under its lock.
func (s *session) owns(token string) bool { return slices.Contains(s.tokens, token) }

// inSession is a handler for requests that need a session.
func (srv *Server) inSession(do func(http.ResponseWriter, *http.Request, *session) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := srv.session(r)
		if err != nil {
			refuse(w, err, "")
			return
		}
		succeed(w, do(w, r, s))
	}
}

// renew gives a new session token for a master token.
func (srv *Server) renew(w http.ResponseWriter, r *http.Request) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, s := range srv.sessions {
		if r.Header.Get("Authorization") == fmt.Sprintf(`Snowflake Token="%s"`, s.master) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.setToken(newToken("session"))
			succeed(w, map[string]any{"sessionToken": s.token, "validityInSecondsST": tokenSeconds,
				"masterToken": s.master, "validityInSecondsMT": 4 * tokenSeconds, "sessionId": s.id})
			return
		}
	}
	refuse(w, errGone, "")
}

// setToken is called under s.mu.
func (s *session) setToken(token string) {
	s.token = token
	s.tokens = append(s.tokens, token)
}

func (srv *Server) endSession(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("delete") != "true" {
		http.NotFound(w, r)
		return
	}
	s, err := srv.session(r)
	if err != nil {
		refuse(w, err, "")
		return
	}
	if err := s.shut(); err != nil {
		refuse(w, err, "")
		return
	}
	succeed(w, nil)
}

// queryRequest is the body of a query request.
type queryRequest struct {
	SQL          string              `json:"sqlText"`
	Async        bool                `json:"asyncExec"`
	DescribeOnly bool                `json:"describeOnly"`
	Parameters   map[string]any      `json:"parameters"`
	Bindings     map[string]wireBind `json:"bindings"`
	BindStage    string              `json:"bindStage"`
}

// request is a statement that runs or ran. A client that repeats it gets the same answer.
type request struct {
	queryID string
	fault   *Fault // that it meets, or nil
	ctx     context.Context
	cancel  context.CancelFunc
	tries   int // guarded by Server.mu, as is started
	started bool
	done    chan struct{} // closed when what follows is set
	result  *result
	err     error
}

func (srv *Server) query(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("requestId")
	var body queryRequest
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || id == "" {
		http.Error(w, "not a query request", http.StatusBadRequest)
		return
	}
	s, err := srv.session(r)
	if err != nil {
		refuse(w, err, "")
		return
	}
	q, try := srv.request(id, s, &body)
	if q.fault.meet(w, s, before, try) {
		return
	}
	if srv.start(q) {
		go s.serve(q, &body)
	}
	select {
	case <-q.done:
	case <-r.Context().Done():
		return // the statement goes on: that its client is gone ends nothing
	}
	if q.fault.meet(w, s, after, try) {
		return
	}
	if q.err != nil {
		refuse(w, q.err, q.queryID)
		return
	}
	succeed(w, q.result.wire(s, q.queryID))
}

// request finds the request or makes it, and counts the tries.
func (srv *Server) request(id string, s *session, body *queryRequest) (q *request, try int) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	q = srv.requests[id]
	if q == nil {
		q = &request{done: make(chan struct{}), queryID: newToken("query"), fault: srv.match(body.SQL)}
		q.ctx, q.cancel = context.WithCancel(s.closed)
		srv.requests[id] = q
	}
	q.tries++
	return q, q.tries
}

// start reports, once, that the request is to be run.
func (srv *Server) start(q *request) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	first := !q.started
	q.started = true
	return first
}

// serve runs a request's statement.
func (s *session) serve(q *request, body *queryRequest) {
	defer close(q.done)
	defer q.cancel()
	tag := s.parameter("QUERY_TAG")
	if t, ok := body.Parameters["QUERY_TAG"].(string); ok {
		tag = t
	}
	binds, err := readBinds(body.Bindings)
	switch {
	case err != nil:
	case body.Async:
		err = unsupported("asynchronous queries")
	case body.DescribeOnly:
		err = unsupported("describing a statement")
	case body.BindStage != "":
		err = unsupported("binds by way of a stage")
	case body.Parameters["MULTI_STATEMENT_COUNT"] != nil:
		err = unsupported("several statements at once")
	default:
		q.result, err = s.execute(q.ctx, body.SQL, binds)
	}
	if err != nil {
		q.err = asError(err)
	}
	values := 0
	for _, b := range binds {
		values += max(1, len(b.rows))
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.log = append(s.server.log, Statement{Session: s.id, SQL: body.SQL, Tag: tag, Values: values, Err: q.err})
}

func (srv *Server) abort(_ http.ResponseWriter, r *http.Request, _ *session) any {
	var body struct {
		RequestID string `json:"requestId"`
	}
	if json.NewDecoder(r.Body).Decode(&body) == nil {
		srv.mu.Lock()
		defer srv.mu.Unlock()
		if q := srv.requests[body.RequestID]; q != nil {
			q.cancel()
		}
	}
	return nil
}

// wire is a result as the driver reads it.
func (r *result) wire(s *session, queryID string) any {
	out := map[string]any{
		"queryId": queryID, "sqlState": "00000", "statementTypeId": r.typeID, "queryResultFormat": "json",
		"total": len(r.rows), "returned": len(r.rows), "rowset": r.rows,
		"finalDatabaseName": s.database, "finalSchemaName": s.schema, "finalWarehouseName": s.warehouse, "finalRoleName": s.role,
	}
	columns := make([]map[string]any, len(r.columns))
	for i, c := range r.columns {
		columns[i] = map[string]any{"name": c.name, "type": kinds[c.t.Kind].wire, "nullable": c.nullable,
			"precision": c.t.Precision, "scale": c.t.Scale, "length": c.t.Length, "byteLength": 4 * c.t.Length}
	}
	out["rowtype"] = columns
	for k, v := range r.extra {
		out[k] = v
	}
	return out
}

// readable is a cell of the wire as a person reads it.
func readable(t Type, cell *string) string {
	if cell == nil {
		return "NULL"
	}
	switch {
	case t.isTimestamp():
		seconds, nanos := split(*cell)
		return time.Unix(seconds, nanos).UTC().Format("2006-01-02 15:04:05.999999999")
	case t.Kind == Time:
		seconds, nanos := split(*cell)
		return time.Unix(seconds, nanos).UTC().Format("15:04:05.999999999")
	case t.Kind == Date:
		days, _ := strconv.ParseInt(*cell, 10, 64)
		return time.Unix(days*86400, 0).UTC().Format(time.DateOnly)
	}
	return *cell
}

// split reads "seconds.nanos", as [result] writes it.
func split(cell string) (seconds, nanos int64) {
	whole, fraction, _ := strings.Cut(cell, ".")
	seconds, _ = strconv.ParseInt(whole, 10, 64)
	fraction = (fraction + "000000000")[:9]
	nanos, _ = strconv.ParseInt(fraction, 10, 64)
	return seconds, nanos
}
