package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/pgcopy"
)

// rules says what a SQLSTATE means, by the whole code or by its first two characters; the whole code counts first. What is not
// listed is Permanent.
var rules = map[string]runtime.Rule{
	"08": {Class: runtime.Transient, Means: "the connection failed"},
	"40": {Class: runtime.Transient, Means: "the transaction was rolled back for another one: serialization failure, deadlock"},
	"53": {Class: runtime.Transient, Overload: true, Means: "the server lacks memory or something else"},
	"57": {Class: runtime.Transient, Means: "the server stops, starts or ended the session"},

	"40002": {Class: runtime.Permanent, Means: "a constraint of the table refuses rows", Help: "look at the table's constraints"},
	"40003": {Class: runtime.Ambiguous, Means: "the outcome of a statement is unknown: the state is read back"},
	"53100": {Class: runtime.Transient, Means: "the server's disk is full", Help: "free space on the server's disk: the loader goes on by itself then"},
	"53300": {Class: runtime.Transient, Overload: true, Means: "too many connections",
		Help: "lower --postgres-connections, or raise the server's max_connections"},
	"53400": {Class: runtime.Permanent, Means: "a configured limit is reached", Help: "look at the server's settings"},
	"57014": {Class: runtime.Transient, Overload: true, Means: "the statement was cancelled, by statement_timeout or by someone",
		Help: "if it lasts: raise the role's statement_timeout"},
	"57P04": {Class: runtime.Permanent, Means: "the database was dropped"},

	"25006": {Class: runtime.Transient, Means: "the server is read-only: a standby, or a failover under way",
		Help: "if it lasts: target_session_attrs=read-write in --postgres-url finds the primary"},
	"25P02": {Class: runtime.Transient, Means: "the transaction had failed before: the unit is loaded again"},
	"25P03": {Class: runtime.Transient, Overload: true, Means: "the session waited too long within a transaction",
		Help: "if it lasts: raise the role's idle_in_transaction_session_timeout"},
	"25P04": {Class: runtime.Transient, Overload: true, Means: "the transaction took too long", Help: "if it lasts: raise the role's transaction_timeout"},
	"55000": {Class: runtime.Transient, Means: "the database does not accept connections"},
	"55006": {Class: runtime.Transient, Means: "an object is in use"},
	"55P03": {Class: runtime.Transient, Overload: true, Means: "a lock was not to be had in time", Help: "if it lasts: find out who locks the table (pg_locks)"},
	"58030": {Class: runtime.Transient, Means: "the server's disk fails", Help: "look at the server's disk"},

	"22": {Class: runtime.Permanent, Means: "a value does not fit its column"},
	"23": {Class: runtime.Permanent, Means: "a constraint of the table refuses rows", Help: "check that the key in @key is one, and the table's own constraints"},
	"28": {Class: runtime.Permanent, Means: "the login was refused", Help: passwordHelp},
	"3D": {Class: runtime.Permanent, Means: "there is no such database", Help: "check the database's name"},
	"42501": {Class: runtime.Permanent, Means: "a privilege is missing",
		Help: "have someone with the privileges run the statements that the ddl command prints"},
	"42P01": {Class: runtime.Drift, Means: "a table is missing", Help: "start the loader again, which creates it, or find out who dropped it"},
	"42703": {Class: runtime.Drift, Means: "a column is missing", Help: "compare the table with what the ddl command prints"},
	"42804": {Class: runtime.Drift, Means: "a column has another type", Help: "compare the table with what the ddl command prints"},
}

// Rules is the table of SQLSTATEs, in their order.
func Rules() []runtime.Rule {
	var out []runtime.Rule
	for _, code := range slices.Sorted(maps.Keys(rules)) {
		rule := rules[code]
		if rule.Code = code; len(code) == 2 {
			rule.Code += "xxx"
		}
		out = append(out, rule)
	}
	return out
}

func ruleOf(code string) runtime.Rule {
	rule, ok := rules[code]
	if !ok && len(code) == 5 {
		rule = rules[code[:2]]
	}
	return rule
}

// classify makes err a *runtime.Error, unless it is one, by the server's code or by the kind of failure.
func classify(op, on string, err error) error {
	var classified *runtime.Error
	if err == nil || errors.As(err, &classified) {
		return err
	}
	rule := ruleFor(err)
	out := &runtime.Error{Class: rule.Class, Op: op, On: on, Err: err, Overload: rule.Overload, Help: rule.Help}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		out.Err = &connectError{connect}
		if out.Help == "" && rule.Class == runtime.Transient {
			out.Help = "check that the server runs, and --postgres-url or PGHOST and PGPORT"
		}
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		if server.Detail != "" {
			out.Err = fmt.Errorf("%w: %s", out.Err, server.Detail)
		}
		if server.Where != "" {
			out.Err = fmt.Errorf("%w (%s)", out.Err, server.Where)
		}
		if server.Hint != "" {
			out.Help = server.Hint
		}
	}
	return out
}

// connectError says in one line why no connection could be made. pgconn tries every address, with and without encryption, and has a
// line for each; of those that say the same, one is enough.
type connectError struct{ *pgconn.ConnectError }

func (e *connectError) Error() string {
	var causes []string
	for line := range strings.Lines(e.Unwrap().Error()) {
		if line = strings.TrimSpace(line); !slices.Contains(causes, line) {
			causes = append(causes, line)
		}
	}
	return strings.Join(causes, "; ")
}

// ruleFor is what err means, by the server's code or by the kind of failure.
func ruleFor(err error) runtime.Rule {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return ruleOf(server.Code)
	}
	var (
		value       *pgcopy.ValueError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
	)
	switch {
	case errors.As(err, &value), errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		return runtime.Rule{Class: runtime.Permanent}
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return runtime.Rule{Class: runtime.Transient, Overload: true}
	case errors.Is(err, context.Canceled), lostConnection(err):
		return runtime.Rule{Class: runtime.Transient}
	}
	return runtime.Rule{Class: runtime.Permanent}
}

// lostConnection reports whether err means that the connection is gone or was not made.
func lostConnection(err error) bool {
	var (
		connect *pgconn.ConnectError
		network net.Error
	)
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) || errors.Is(err, pgconn.ErrConnClosed)
}

// classifyCommit is classify for COMMIT, whose lost reply leaves the outcome unknown. A server that is shut down while it
// commits answers with its code or not at all, so those codes say nothing either.
func classifyCommit(op, on string, err error) error {
	class := ruleFor(err).Class
	var server *pgconn.PgError
	if errors.As(err, &server) && server.Code[:2] != "08" && server.Code[:2] != "57" && class != runtime.Ambiguous {
		return classify(op, on, err)
	}
	return &runtime.Error{Class: runtime.Ambiguous, Op: op, On: on, Err: err, Help: "the connection was lost at COMMIT: the state tells whether it took place"}
}
