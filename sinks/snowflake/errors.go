package snowflake

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/runtime"
)

const (
	findHelp   = "check the names and grant the role what docs/snowflake.md lists; someone with the privileges can run the statements that the ddl command prints"
	digitsHelp = "widen the column, or load 256-bit integers as text"
)

// rules says what a number means. Those from 260000 to 279999 are the driver's, the others the server's. What is not listed is
// Permanent.
var rules = map[int]runtime.Rule{
	603: {Class: runtime.Transient, Means: "an internal error of Snowflake", Help: "if it lasts: Snowflake's support wants the query id"},
	604: {Class: runtime.Transient, Means: "the statement was cancelled by someone"},
	606: {Class: runtime.Permanent, Means: "the session has no warehouse", Help: "give --snowflake-warehouse, and grant the role USAGE on it"},
	625: {Class: runtime.Transient, Overload: true, Means: "another session holds a lock for too long, or twenty wait for it",
		Help: "if it lasts: SHOW LOCKS names the transaction, and SELECT SYSTEM$ABORT_TRANSACTION(id) ends one whose loader is gone"},
	630: {Class: runtime.Transient, Overload: true, Means: "the statement ran into a timeout of session or warehouse",
		Help: "if it lasts: raise STATEMENT_TIMEOUT_IN_SECONDS, or load smaller units"},
	904: {Class: runtime.Drift, Means: "a column is missing", Help: "compare the table with what the ddl command prints"},

	2003:  {Class: runtime.Permanent, Means: "an object does not exist, or the role may not see it", Help: findHelp},
	2043:  {Class: runtime.Permanent, Means: "an object does not exist, or the role may not see it", Help: findHelp},
	3001:  {Class: runtime.Permanent, Means: "the role lacks a privilege", Help: findHelp},
	90073: {Class: runtime.Permanent, Means: "the warehouse cannot run: it is suspended, or its credits are used up", Help: "resume it, or give --snowflake-warehouse"},
	91003: {Class: runtime.Transient, Means: "the stage cannot be read or written", Help: "if it lasts: check that the role has READ and WRITE on it"},
	91016: {Class: runtime.Transient, Means: "a file is gone from the stage: another instance swept it, or someone",
		Help: "if it lasts: find out who removes files from the stage"},
	100038: {Class: runtime.Permanent, Means: "a value does not fit its column"},
	100039: {Class: runtime.Permanent, Means: "a number has more digits than its column", Help: digitsHelp},
	100046: {Class: runtime.Permanent, Means: "a number has more digits than its column", Help: digitsHelp},
	100072: {Class: runtime.Permanent, Means: "a null in a column that is NOT NULL", Help: "compare the table with what the ddl command prints"},
	100078: {Class: runtime.Permanent, Means: "a value is longer than its column", Help: "widen the column"},

	sf.ErrCodeServiceUnavailable: {Class: runtime.Transient, Overload: true, Means: "Snowflake does not answer to the login"},
	sf.ErrCodeFailedToConnect: {Class: runtime.Permanent, Means: "the login was refused before it was looked at",
		Help: "check --snowflake-account and the network policy"},
	sf.ErrFailedToPostQuery:     {Class: runtime.Transient, Means: "a request failed; permanent for HTTP statuses that refuse it"},
	sf.ErrFailedToRenewSession:  {Class: runtime.Transient, Means: "the session could not be renewed"},
	sf.ErrFailedToAuth:          {Class: runtime.Transient, Means: "the login failed"},
	sf.ErrFailedToGetChunk:      {Class: runtime.Transient, Means: "part of an answer could not be fetched"},
	sf.ErrFailedToUploadToStage: {Class: runtime.Transient, Means: "a file could not be put into the stage", Help: "if it lasts: check the way to the cloud's storage"},

	390100: {Class: runtime.Permanent, Means: "user or password are wrong", Help: "check --snowflake-user and SNOWFLAKE_PASSWORD"},
	390111: {Class: runtime.Transient, Means: "the session is gone, and its transaction with it"},
	390112: {Class: runtime.Transient, Means: "the session has expired"},
	390114: {Class: runtime.Transient, Means: "the session has expired"},
	390144: {Class: runtime.Permanent, Means: "the private key is not the user's", Help: "check ALTER USER … SET RSA_PUBLIC_KEY, and this machine's clock"},
	390189: {Class: runtime.Permanent, Means: "the role does not exist, or is not the user's", Help: "check --snowflake-role"},
	390201: {Class: runtime.Permanent, Means: "warehouse, database or schema do not exist, or the role may not use them", Help: findHelp},
	390303: {Class: runtime.Permanent, Means: "the OAuth token is not valid", Help: "put a valid one into SNOWFLAKE_TOKEN or name its file with --snowflake-token-file"},
	390318: {Class: runtime.Permanent, Means: "the OAuth token has expired", Help: "name a file with --snowflake-token-file: it is read again for every session"},
	390422: {Class: runtime.Permanent, Means: "the network policy does not let this machine in", Help: "ask who keeps the account's network policy"},
}

// Rules is the table of error numbers, in their order.
func Rules() []runtime.Rule {
	var out []runtime.Rule
	for _, number := range slices.Sorted(maps.Keys(rules)) {
		rule := rules[number]
		rule.Code = fmt.Sprintf("%06d", number)
		out = append(out, rule)
	}
	return out
}

// driverError is an error of the driver, which tells it apart from those of this package.
type driverError struct{ err error }

func (e *driverError) Error() string { return e.err.Error() }
func (e *driverError) Unwrap() error { return e.err }

// classify makes err a *runtime.Error, unless it is one, by the server's number or by the kind of failure.
func classify(op, on string, err error) error {
	var classified *runtime.Error
	var usage *runtime.UsageError
	if err == nil || errors.As(err, &classified) || errors.As(err, &usage) {
		return err
	}
	rule := ruleFor(err)
	return &runtime.Error{Class: rule.Class, Op: op, On: on, Err: err, Overload: rule.Overload, Help: rule.Help}
}

// ruleFor is what err means.
func ruleFor(err error) runtime.Rule {
	var (
		server      *sf.SnowflakeError
		driver      *driverError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
	)
	switch {
	case errors.As(err, &server):
		if server.Number == sf.ErrFailedToPostQuery && refused(server) {
			return runtime.Rule{Class: runtime.Permanent, Help: "check the network policy, and the proxies in between"}
		}
		return rules[server.Number] // the zero rule is Permanent
	case errors.Is(err, context.DeadlineExceeded):
		return runtime.Rule{Class: runtime.Transient, Overload: true}
	case errors.Is(err, context.Canceled):
		return runtime.Rule{Class: runtime.Transient}
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		return runtime.Rule{Class: runtime.Permanent, Help: "check the host's name, and the proxies in between"}
	case errors.As(err, &driver):
		// What the driver gives up on without a number are requests that failed, or were answered by HTTP 429 or 5xx, several times.
		return runtime.Rule{Class: runtime.Transient, Overload: true}
	}
	return runtime.Rule{Class: runtime.Permanent}
}

// refused reports whether a request was answered by an HTTP status that repeating it does not change.
func refused(e *sf.SnowflakeError) bool {
	if len(e.MessageArgs) == 0 {
		return false
	}
	status, _ := e.MessageArgs[0].(int)
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// lostSession reports whether a session is of no use after err, or might still be busy.
func lostSession(err error) bool {
	var server *sf.SnowflakeError
	if !errors.As(err, &server) {
		return true
	}
	switch server.Number {
	case 390111, 390112, 390114, sf.ErrFailedToPostQuery, sf.ErrFailedToRenewSession:
		return true
	}
	return false
}
