package snowflake

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/sinktest"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

func TestMain(m *testing.M) {
	if err := sf.GetLogger().SetLogLevel("OFF"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	for _, method := range []string{MethodStage, MethodInsert} {
		t.Run(method, func(t *testing.T) {
			sinktest.Run(t, func(t *testing.T) sinktest.Harness {
				server := snowtest.Start(t)
				config := configOf(t, server)
				config.Method = method
				return &harness{server: server, config: config}
			})
		})
	}
}

// configOf is how a loader logs in to server.
func configOf(t testing.TB, server *snowtest.Server) Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(snowtest.Password), 0o600); err != nil {
		t.Fatal(err)
	}
	driver := server.Config()
	return Config{Account: snowtest.Account, User: snowtest.User, Role: snowtest.Role, Warehouse: snowtest.Warehouse, PasswordFile: file,
		Database: snowtest.Database, Schema: snowtest.Schema, Host: fmt.Sprintf("http://%s:%d", driver.Host, driver.Port)}
}

// harness is a server with an empty database.
type harness struct {
	server *snowtest.Server
	config Config
}

func (h *harness) Traits() sinktest.Traits {
	return sinktest.Traits{TextHoldsNUL: true, Nanoseconds: true, NoIntervals: true}
}

func (h *harness) Open(t testing.TB, _ *runtime.Table) runtime.Sink { return openSink(t, h.config) }

func (h *harness) Rows(t testing.TB, table string, fields []arrow.Field) [][]any {
	t.Helper()
	name, err := ddl.ParseName(table)
	if err != nil {
		t.Fatal(err)
	}
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = ddl.QuoteColumn(f.Name)
	}
	config, utc := h.server.Config(), "UTC"
	config.Params["TIMEZONE"] = &utc
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, config))
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), fmt.Sprintf("SELECT %s FROM %s", strings.Join(columns, ", "), name))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	cells := make([]sql.NullString, len(fields))
	targets := make([]any, len(fields))
	for i := range cells {
		targets[i] = &cells[i]
	}
	var out [][]any
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		row := make([]any, len(fields))
		for i, c := range cells {
			if c.Valid {
				row[i] = canonical(t, fields[i], c.String)
			}
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// canonical is a value in the form of sinktest.Value.
func canonical(t testing.TB, f arrow.Field, text string) any {
	t.Helper()
	switch typ := f.Type.(type) {
	case arrow.NestedType:
		var v any
		decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
		decoder.UseNumber()
		if err := decoder.Decode(&v); err != nil {
			t.Fatalf("column %s: %s is no JSON: %v", f.Name, text, err)
		}
		return sinktest.FromJSON(f, v)
	case *arrow.BooleanType:
		return text == "true"
	case *arrow.Date32Type, *arrow.Date64Type:
		return text[:len(time.DateOnly)]
	case *arrow.Time32Type, *arrow.Time64Type:
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return at.Format("15:04:05.999999999")
	case *arrow.DurationType:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return sinktest.Interval(0, 0, n*int64(typ.Unit.Multiplier()))
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType, *arrow.FixedSizeBinaryType:
		return "0x" + hex.EncodeToString([]byte(text))
	}
	return sinktest.FromJSON(f, text)
}

// openSink opens a sink. The caller closes it.
func openSink(t testing.TB, config Config) *Sink {
	t.Helper()
	s, err := Open(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// transfers is the table of most tests.
func transfers() *runtime.Table {
	return &runtime.Table{Pipeline: "Transfers", Name: "transfers", Schema: transferSchema, Block: "block_num", Key: []string{"block_num", "log_index"}}
}

// transferRows has one row per block from one to another.
func transferRows(from, to uint64) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, transferSchema)
	for n := from; n <= to; n++ {
		b.Field(0).(*array.Uint64Builder).Append(n)
		b.Field(1).(*array.Uint32Builder).Append(uint32(n % 7))
		b.Field(2).(*array.StringBuilder).Append(strconv.FormatUint(n*1_000_000_007, 10))
	}
	return b.NewRecordBatch()
}

func span(start, end uint64, hash string) runtime.Range {
	return runtime.Range{Network: "eth", Start: start, End: end, Hash: hash}
}

// prepared is a sink that is ready for table, until the test ends.
func prepared(t testing.TB, config Config, table *runtime.Table) *Sink {
	t.Helper()
	s := openSink(t, config)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Prepare(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	return s
}

// load commits a unit with a row for each block.
func load(ctx context.Context, s runtime.Sink, u runtime.Unit) error {
	tx, err := s.Begin(ctx, u)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for _, r := range u.Ranges {
		if err := tx.Write(ctx, transferRows(r.Start, r.End)); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

func unit(ranges ...runtime.Range) runtime.Unit { return runtime.Unit{Ranges: ranges} }

// cells is the server's own answer to a statement, row by row, joined by commas.
func cells(t testing.TB, server *snowtest.Server, statement string) string {
	t.Helper()
	rows, err := server.SQL(statement)
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = strings.Join(row, ",")
	}
	return strings.Join(lines, "\n")
}

// replaceColumn is rows with one text in a column.
func replaceColumn(rows arrow.RecordBatch, column int, text string) arrow.RecordBatch {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	for range rows.NumRows() {
		b.Append(text)
	}
	columns := append([]arrow.Array(nil), rows.Columns()...)
	columns[column] = b.NewArray()
	return array.NewRecordBatch(rows.Schema(), columns, rows.NumRows())
}
