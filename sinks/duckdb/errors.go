package duckdb

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

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
	case errors.Is(err, context.DeadlineExceeded):
		out.Class, out.Overload = runtime.Transient, true
	case errors.Is(err, context.Canceled):
		out.Class = runtime.Transient
	case errors.As(err, &failed):
		rule := rules[failed.kind]
		out.Class, out.Help = rule.Class, rule.Help
	}
	return out
}

// rules says what DuckDB's own kinds of error mean. What is not listed is Permanent.
var rules = map[mapping.ErrorType]runtime.Rule{
	mapping.ErrorTypeTransaction: {Code: "TRANSACTION", Class: runtime.Transient, Means: "the transaction conflicts with another one"},
	mapping.ErrorTypeInterrupt:   {Code: "INTERRUPT", Class: runtime.Transient, Means: "the statement was cancelled"},
	mapping.ErrorTypeCatalog:     {Code: "CATALOG", Class: runtime.Drift, Means: "a table or view is missing", Help: changedHelp},
	mapping.ErrorTypeBinder:      {Code: "BINDER", Class: runtime.Drift, Means: "a column is missing or has another type", Help: changedHelp},
	mapping.ErrorTypeOutOfMemory: {Code: "OUT_OF_MEMORY", Class: runtime.Permanent, Means: "DuckDB's memory limit is reached", Help: "raise --duckdb-memory"},
	mapping.ErrorTypeErrorIO: {Code: "IO", Class: runtime.Permanent, Means: "the file cannot be read or written: the disk is full, failing or not writable",
		Help: "look at the disk's space and permissions"},
	mapping.ErrorTypeConversion: {Code: "CONVERSION", Class: runtime.Permanent, Means: "a value does not fit its column"},
	mapping.ErrorTypeConstraint: {Code: "CONSTRAINT", Class: runtime.Permanent, Means: "a constraint of the table refuses rows",
		Help: "check that the key in @key is one, and the table's own constraints"},
	mapping.ErrorTypeFatal:    {Code: "FATAL", Class: runtime.Permanent, Means: "DuckDB cannot go on with the file", Help: "start the loader again; if that fails, the file is damaged"},
	mapping.ErrorTypeInternal: {Code: "INTERNAL", Class: runtime.Permanent, Means: "a defect of DuckDB", Help: "start the loader again"},
}

const changedHelp = "the table was changed since the loader prepared it: run the loader's ddl command and compare"

// Rules is the table of DuckDB's kinds of error, by name.
func Rules() []runtime.Rule {
	return slices.SortedFunc(maps.Values(rules), func(a, b runtime.Rule) int { return strings.Compare(a.Code, b.Code) })
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
