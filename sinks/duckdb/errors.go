package duckdb

import (
	"context"
	"errors"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/ampgen/ampgen/runtime"
)

// statementError is what DuckDB says of a statement that failed.
type statementError struct {
	kind mapping.ErrorType
	text string
}

func (e *statementError) Error() string { return e.text }

// classify wraps err, which failed doing op on the sink's table or file, with its class. An error that has one keeps it.
func classify(err error, op, on string) error {
	var classed *runtime.Error
	if err == nil || errors.As(err, &classed) {
		return err
	}
	out := &runtime.Error{Class: runtime.Permanent, Op: op, On: on, Err: err}
	var failed *statementError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		out.Class = runtime.Transient
	case errors.As(err, &failed):
		out.Class, out.Help = classOf(failed.kind)
	}
	return out
}

// classOf maps DuckDB's own kinds of error.
func classOf(kind mapping.ErrorType) (class runtime.Class, help string) {
	switch kind {
	case mapping.ErrorTypeTransaction, mapping.ErrorTypeInterrupt:
		return runtime.Transient, ""
	case mapping.ErrorTypeCatalog, mapping.ErrorTypeBinder:
		return runtime.Drift, "the table was changed since the loader prepared it: run the loader's ddl command and compare"
	case mapping.ErrorTypeOutOfMemory:
		return runtime.Permanent, "raise --duckdb-memory"
	case mapping.ErrorTypeErrorIO:
		return runtime.Permanent, "look at the disk's space and permissions"
	}
	return runtime.Permanent, ""
}

// commitError classifies the failure of a COMMIT, by err's kind: where the disk failed, the log may or may not have been
// written in full.
func commitError(err error) error {
	var failed *statementError
	if !errors.As(err, &failed) {
		return err
	}
	switch failed.kind {
	case mapping.ErrorTypeErrorIO, mapping.ErrorTypeFatal, mapping.ErrorTypeInternal:
		return &runtime.Error{Class: runtime.Ambiguous, Op: "commit", Err: err, Help: "look at the disk's space and permissions"}
	}
	return err
}
