package snowtest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// Error is what a statement fails with: Snowflake's six digits, the SQLSTATE, and a text.
type Error struct {
	Code, State, Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%s): %s", e.Code, e.State, e.Message) }

func errorf(code, state, format string, args ...any) *Error {
	return &Error{Code: code, State: state, Message: fmt.Sprintf(format, args...)}
}

// unnumbered is for errors of statements whose number is not known: a client must go by the state.
const unnumbered = "100000"

// The numbers that the server answers with. Numbers and states are those that Snowflake's documentation or its users' reports
// have; the texts are our own.
func syntaxError(err error) *Error {
	return errorf("001003", "42000", "SQL compilation error: %v", err)
}

func missing(kind string, name sfsql.Name) *Error {
	return errorf("002003", "02000", "SQL compilation error: %s '%s' does not exist or not authorized.", kind, name)
}

func exists(name sfsql.Name) *Error {
	return errorf("002002", "42710", "SQL compilation error: Object '%s' already exists.", name)
}

func invalidIdentifier(name string) *Error {
	return errorf("000904", "42000", "SQL compilation error: invalid identifier '%s'", name)
}

func invalidArguments(what string, types ...Type) *Error {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.String()
	}
	return errorf("001044", "42P13", "SQL compilation error: Invalid argument types for function '%s': (%s)", what, strings.Join(names, ", "))
}

func mismatch(column string, want, got Type) *Error {
	return errorf("002023", "22000", "SQL compilation error: Expression type does not match column data type, expecting %s but got %s for column %s", want, got, column)
}

// unsupported is for what Snowflake can do and this server cannot: never a silent success.
func unsupported(format string, args ...any) *Error {
	return errorf("000002", "0A000", "Unsupported feature: "+format+" (the test server does not have it)", args...)
}

func internal(err error) *Error {
	return errorf("000603", "XX000", "SQL execution internal error of the test server: %v", err)
}

// asError is err as what the client is told.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return internal(err)
}

// mark is what texts of failing values begin with; see fails.
const mark = "\x01snowtest\x01"

// fails is an SQL expression that fails the statement with an error whose text is completed by a value of type VARCHAR.
func fails(code, state, before, value, after string) string {
	return fmt.Sprintf("error(%s || COALESCE(%s, 'NULL') || %s)", text(strings.Join([]string{mark, code, state, before}, "\x02")), value, text(after))
}

// engineError translates what DuckDB says. An error that was not foreseen names the SQL that DuckDB ran.
func engineError(kind mapping.ErrorType, message, sql string) *Error {
	if _, marked, ok := strings.Cut(message, mark); ok {
		if parts := strings.SplitN(marked, "\x02", 4); len(parts) == 4 {
			return errorf(parts[1], parts[2], "%s", parts[3])
		}
	}
	switch kind {
	case mapping.ErrorTypeOutOfRange:
		return errorf("100046", "22003", "Number out of representable range: %s", message)
	case mapping.ErrorTypeBinder:
		if strings.Contains(message, "GROUP BY") {
			return errorf("000979", "42601", "SQL compilation error: a selected column is not a valid group by expression: %s", message)
		}
	}
	return internal(fmt.Errorf("%s, in %s", message, sql))
}
