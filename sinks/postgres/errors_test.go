package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/pgcopy"
)

func TestRules(t *testing.T) {
	for code, want := range map[string]runtime.Class{
		"08000": runtime.Transient, "08006": runtime.Transient, "08P01": runtime.Transient,
		"40001": runtime.Transient, "40P01": runtime.Transient, "40002": runtime.Permanent, "40003": runtime.Ambiguous,
		"53100": runtime.Transient, "53200": runtime.Transient, "53300": runtime.Transient, "53400": runtime.Permanent,
		"55P03": runtime.Transient, "57014": runtime.Transient, "57P01": runtime.Transient, "57P02": runtime.Transient, "57P03": runtime.Transient, "57P04": runtime.Permanent,
		"25006": runtime.Transient, "25P02": runtime.Transient, "25P03": runtime.Transient,
		"22003": runtime.Permanent, "22P04": runtime.Permanent, "23502": runtime.Permanent, "23505": runtime.Permanent,
		"28P01": runtime.Permanent, "3D000": runtime.Permanent,
		"42P01": runtime.Drift, "42703": runtime.Drift, "42804": runtime.Drift, "42501": runtime.Permanent, "42601": runtime.Permanent,
		"XX000": runtime.Permanent, "": runtime.Permanent, "0": runtime.Permanent,
	} {
		if got := ruleOf(code).Class; got != want {
			t.Errorf("%s is %s, want %s", code, got, want)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		err  error
		want runtime.Class
	}{
		{&pgconn.PgError{Code: "40001"}, runtime.Transient},
		{fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: "23505"}), runtime.Permanent},
		{io.ErrUnexpectedEOF, runtime.Transient},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, runtime.Transient},
		{fmt.Errorf("busy: %w", pgconn.ErrConnClosed), runtime.Transient},
		{context.DeadlineExceeded, runtime.Transient},
		{pgcopy.At("v", 3, errors.New("too large")), runtime.Permanent},
		{errors.New("a timeout that is only in the text, code 40001"), runtime.Permanent},
		{runtime.Errorf(runtime.Fenced, "commit", "", "taken"), runtime.Fenced},
	} {
		err := classify("load", "table t", c.err)
		if runtime.ClassOf(err) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%v is %s, want %s", err, runtime.ClassOf(err), c.want)
		}
	}
	if classify("load", "", nil) != nil {
		t.Error("no error became one")
	}
	err := classify("load", "table t", &pgconn.PgError{Severity: "ERROR", Code: "23505", Message: "duplicate key", Detail: "Key (a)=(1) exists.", Where: "COPY t, line 3", Hint: "look"})
	if want := "load on table t: ERROR: duplicate key (SQLSTATE 23505): Key (a)=(1) exists. (COPY t, line 3); look"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	for err, overload := range map[error]bool{&pgconn.PgError{Code: "53300"}: true, &pgconn.PgError{Code: "53100"}: false, &pgconn.PgError{Code: "40001"}: false,
		context.DeadlineExceeded: true, io.ErrUnexpectedEOF: false} {
		var e *runtime.Error
		if !errors.As(classify("load", "", err), &e) || e.Overload != overload {
			t.Errorf("%v is an overload: %t, want %t", err, e.Overload, overload)
		}
	}
	if err := classify("load", "", &pgconn.PgError{Code: "42501"}); !strings.Contains(err.Error(), "ddl command") {
		t.Errorf("no way on from missing privileges: %v", err)
	}
}

func TestClassifyCommit(t *testing.T) {
	for _, c := range []struct {
		err  error
		want runtime.Class
	}{
		{&pgconn.PgError{Code: "40001"}, runtime.Transient},
		{&pgconn.PgError{Code: "23505"}, runtime.Permanent},
		{&pgconn.PgError{Code: "57P01"}, runtime.Ambiguous},
		{&pgconn.PgError{Code: "08006"}, runtime.Ambiguous},
		{&pgconn.PgError{Code: "40003"}, runtime.Ambiguous},
		{io.ErrUnexpectedEOF, runtime.Ambiguous},
		{context.Canceled, runtime.Ambiguous},
	} {
		if got := runtime.ClassOf(classifyCommit("commit", "", c.err)); got != c.want {
			t.Errorf("COMMIT answered by %v is %s, want %s", c.err, got, c.want)
		}
	}
}
