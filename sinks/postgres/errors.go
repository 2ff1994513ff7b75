package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/pgcopy"
)

// codeClasses says what a SQLSTATE means, by the whole code or by its first two characters; the whole code counts first.
// What is not listed is Permanent.
var codeClasses = map[string]runtime.Class{
	"08": runtime.Transient, // connection exception
	"40": runtime.Transient, // transaction rollback: serialization failure, deadlock
	"53": runtime.Transient, // insufficient resources: disk full, out of memory, too many connections
	"57": runtime.Transient, // operator intervention: shutdown, crash, cannot connect now, query cancelled

	"08P01": runtime.Permanent, // protocol violation
	"40002": runtime.Permanent, // integrity constraint violation
	"40003": runtime.Ambiguous, // statement completion unknown
	"53400": runtime.Permanent, // configuration limit exceeded
	"57P04": runtime.Permanent, // database dropped

	"25006": runtime.Transient, // read-only transaction: a standby, or a failover under way
	"25P03": runtime.Transient, // idle-in-transaction timeout
	"25P04": runtime.Transient, // transaction timeout
	"55006": runtime.Transient, // object in use
	"55P03": runtime.Transient, // lock not available
	"58030": runtime.Transient, // I/O error

	"42P01": runtime.Drift, // undefined table
	"42703": runtime.Drift, // undefined column
	"42804": runtime.Drift, // datatype mismatch
}

func classOfCode(code string) runtime.Class {
	if class, ok := codeClasses[code]; ok {
		return class
	}
	if len(code) == 5 {
		return codeClasses[code[:2]]
	}
	return runtime.Permanent
}

// classify makes err a *runtime.Error, unless it is one, by the server's code or by the kind of failure.
func classify(op, on string, err error) error {
	var classified *runtime.Error
	if err == nil || errors.As(err, &classified) {
		return err
	}
	out := &runtime.Error{Class: classOf(err), Op: op, On: on, Err: err}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		if server.Detail != "" {
			out.Err = fmt.Errorf("%w: %s", out.Err, server.Detail)
		}
		if server.Where != "" {
			out.Err = fmt.Errorf("%w (%s)", out.Err, server.Where)
		}
		out.Help = server.Hint
		if server.Code == "42501" && out.Help == "" {
			out.Help = "have someone with the privileges run the statements that the ddl command prints"
		}
	}
	return out
}

func classOf(err error) runtime.Class {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return classOfCode(server.Code)
	}
	var (
		value       *pgcopy.ValueError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
	)
	switch {
	case errors.As(err, &value), errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		return runtime.Permanent
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), lostConnection(err):
		return runtime.Transient
	}
	return runtime.Permanent
}

// lostConnection reports whether err means that the connection is gone or was not made.
func lostConnection(err error) bool {
	var (
		connect *pgconn.ConnectError
		network net.Error
	)
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) || errors.Is(err, pgconn.ErrConnClosed) || pgconn.Timeout(err)
}

// classifyCommit is classify for COMMIT, whose lost reply leaves the outcome unknown. A server that is shut down while it
// commits answers with its code or not at all, so those codes say nothing either.
func classifyCommit(op, on string, err error) error {
	class := classOf(err)
	var server *pgconn.PgError
	if errors.As(err, &server) && server.Code[:2] != "08" && server.Code[:2] != "57" && class != runtime.Ambiguous {
		return classify(op, on, err)
	}
	return &runtime.Error{Class: runtime.Ambiguous, Op: op, On: on, Err: err, Help: "the connection was lost at COMMIT: the state tells whether it took place"}
}
