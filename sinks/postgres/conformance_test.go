package postgres

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/pgcopy"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
	"github.com/ampgen/ampgen/sinks/sinktest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestConformance(t *testing.T) {
	sinktest.Run(t, func(t *testing.T) sinktest.Harness { return &harness{url: pgtest.Database(t)} })
}

// harness is an empty database.
type harness struct{ url string }

func (h *harness) Traits() sinktest.Traits { return sinktest.Traits{} }

func (h *harness) Open(t testing.TB, table *runtime.Table) runtime.Sink {
	return openSink(t, h.url, table.Schema)
}

func (h *harness) Rows(t testing.TB, table string, fields []arrow.Field) [][]any {
	t.Helper()
	exprs := make([]string, len(fields))
	for i, f := range fields {
		exprs[i] = ddl.Quote(f.Name)
		if typ, _ := ddl.ColumnType(f); typ == "interval" {
			exprs[i] = fmt.Sprintf(`format('%%s months %%s days %%s ns', extract(year FROM %[1]s) * 12 + extract(month FROM %[1]s),
				extract(day FROM %[1]s), ((extract(hour FROM %[1]s) * 3600 + extract(minute FROM %[1]s) * 60) * 1000000
				+ extract(microseconds FROM %[1]s))::bigint * 1000)`, ddl.Quote(f.Name))
			exprs[i] = fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s END", ddl.Quote(f.Name), exprs[i])
		}
	}
	conn := connect(t, h.url)
	rows, err := conn.Query(t.Context(), fmt.Sprintf("SELECT json_build_array(%s)::text FROM %s", strings.Join(exprs, ", "), ddl.QuoteName(table)))
	if err != nil {
		t.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]any, len(texts))
	for i, text := range texts {
		decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
		decoder.UseNumber()
		if err := decoder.Decode(&out[i]); err != nil {
			t.Fatalf("row %s: %v", text, err)
		}
		for c := range fields {
			out[i][c] = sinktest.FromJSON(fields[c], out[i][c])
		}
	}
	return out
}

// openSink opens a sink for tables of schema. The caller closes it.
func openSink(t testing.TB, url string, schema *arrow.Schema) *Sink {
	t.Helper()
	s, err := Open(t.Context(), Config{URL: url, NewEncoder: func() pgcopy.Encoder {
		e, err := pgcopy.NewEncoder(schema)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}
