package snowflake

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/runtime"
)

// transferSchema is that of the table of most tests.
var transferSchema = arrow.NewSchema([]arrow.Field{
	{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
	{Name: "log_index", Type: arrow.PrimitiveTypes.Uint32},
	{Name: "value", Type: arrow.BinaryTypes.String, Nullable: true, Metadata: arrow.MetadataFrom(map[string]string{runtime.LogicalKey: runtime.LogicalUint256})},
}, nil)

func TestClassesOfErrors(t *testing.T) {
	number := func(n int, args ...any) error {
		return &driverError{&sf.SnowflakeError{Number: n, Message: "m", MessageArgs: args}}
	}
	for _, c := range []struct {
		name     string
		err      error
		class    runtime.Class
		overload bool
	}{
		{"lock timeout", number(625), runtime.Transient, true},
		{"no such column", number(904), runtime.Drift, false},
		{"no such table", number(2003), runtime.Permanent, false},
		{"syntax", number(1003), runtime.Permanent, false},
		{"session gone", number(390111), runtime.Transient, false},
		{"HTTP 403", number(sf.ErrFailedToPostQuery, 403, &url.URL{}), runtime.Permanent, false},
		{"HTTP 429", number(sf.ErrFailedToPostQuery, 429, &url.URL{}), runtime.Transient, false},
		{"given up by the driver", &driverError{errors.New("timeout after 0s and 4 attempts. HTTP Status: 503. Hanging?")}, runtime.Transient, true},
		{"deadline", &driverError{context.DeadlineExceeded}, runtime.Transient, true},
		{"cancelled", &driverError{context.Canceled}, runtime.Transient, false},
		{"certificate", &driverError{&url.Error{Op: "Post", Err: x509.UnknownAuthorityError{}}}, runtime.Permanent, false},
		{"our own", errors.New("COPY loaded 1 of the 2 rows"), runtime.Permanent, false},
	} {
		err := classify("copy", "table t", fmt.Errorf("wrapped: %w", c.err))
		var got *runtime.Error
		if !errors.As(err, &got) || got.Class != c.class || got.Overload != c.overload {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	drift := &runtime.Error{Class: runtime.Drift}
	if classify("copy", "", drift) != error(drift) || classify("copy", "", nil) != nil {
		t.Error("what is classified is classified again")
	}
}

func TestRulesSayWhatTheyMean(t *testing.T) {
	for _, r := range Rules() {
		if r.Means == "" || len(r.Code) != 6 {
			t.Errorf("%+v", r)
		}
		if r.Class == runtime.Permanent && r.Help == "" && r.Code != "100038" {
			t.Errorf("%s needs a person, and does not say what to do", r.Code)
		}
	}
}

func TestColumnsThatHoldAsMuch(t *testing.T) {
	n := func(v int64) sql.NullInt64 { return sql.NullInt64{Int64: v, Valid: true} }
	for _, c := range []struct {
		have foundColumn
		want string
		ok   bool
	}{
		{foundColumn{typ: "NUMBER", precision: n(20), scale: n(0)}, "NUMBER(20,0)", true},
		{foundColumn{typ: "NUMBER", precision: n(38), scale: n(0)}, "NUMBER(20,0)", true},
		{foundColumn{typ: "NUMBER", precision: n(19), scale: n(0)}, "NUMBER(20,0)", false},
		{foundColumn{typ: "NUMBER", precision: n(38), scale: n(2)}, "NUMBER(20,0)", false},
		{foundColumn{typ: "FLOAT"}, "NUMBER(20,0)", false},
		{foundColumn{typ: "FLOAT"}, "FLOAT", true},
		{foundColumn{typ: "TEXT", longest: n(42)}, "VARCHAR", true},
		{foundColumn{typ: "BINARY", longest: n(8388608)}, "BINARY(20)", true},
		{foundColumn{typ: "BINARY", longest: n(16)}, "BINARY(20)", false},
		{foundColumn{typ: "BINARY"}, "BINARY", true},
		{foundColumn{typ: "TEXT"}, "BINARY", false},
		{foundColumn{typ: "TIMESTAMP_NTZ", fraction: n(9)}, "TIMESTAMP_NTZ(9)", true},
		{foundColumn{typ: "TIMESTAMP_NTZ", fraction: n(6)}, "TIMESTAMP_NTZ(9)", false},
		{foundColumn{typ: "TIMESTAMP_TZ", fraction: n(9)}, "TIMESTAMP_NTZ(9)", false},
		{foundColumn{typ: "TIMESTAMP_TZ", fraction: n(9)}, "TIMESTAMP_LTZ(9)", true},
		{foundColumn{typ: "TIMESTAMP_NTZ", fraction: n(9)}, "TIMESTAMP_LTZ(9)", false},
		{foundColumn{typ: "VARIANT"}, "ARRAY", true},
		{foundColumn{typ: "VARIANT"}, "OBJECT", true},
		{foundColumn{typ: "ARRAY"}, "OBJECT", false},
		{foundColumn{typ: "BOOLEAN"}, "BOOLEAN", true},
		{foundColumn{typ: "DATE"}, "DATE", true},
	} {
		if got := c.have.holds(c.want); got != c.ok {
			t.Errorf("%s holds %s: %v", c.have, c.want, got)
		}
	}
}

// Whatever a pipeline or a table is called, its folder is its own and needs no quotes.
func TestPathParts(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"transfers", "Transfers", "erc20-transfers_2", "it's", "it-s", "a/b", "../a", "", "ü", "a b", "a.b"} {
		part := pathPart(name)
		if other, twice := seen[part]; twice || part == "" {
			t.Errorf("%q and %q are both %q", name, other, part)
		}
		seen[part] = name
		for _, r := range part {
			if r >= 128 || r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
				t.Errorf("%q becomes %q", name, part)
			}
		}
	}
	if pathPart("transfers") != "transfers" {
		t.Error("a plain name is changed")
	}
}
