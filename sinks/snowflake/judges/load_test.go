package judges

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/runtime/randbatch"
	"github.com/ampgen/ampgen/sinks/sinktest"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

func TestMain(m *testing.M) {
	if err := sf.GetLogger().SetLogLevel("OFF"); err != nil { // the driver logs the errors that tests provoke
		panic(err)
	}
	os.Exit(m.Run())
}

// open connects Snowflake's own driver.
func (f *fakesnow) open(t testing.TB) *sql.DB { return f.openDatabase(t, "CHAIN") }

func (f *fakesnow) openDatabase(t testing.TB, database string) *sql.DB {
	t.Helper()
	u, err := url.Parse(f.proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, sf.Config{Account: "acme", User: "loader", Password: "secret",
		Host: u.Hostname(), Port: port, Protocol: "http", Database: database, Schema: "PUBLIC", Params: map[string]*string{}}))
	t.Cleanup(func() { db.Close() })
	return db
}

// TestFakesnowRunsTheDDL runs the statements for a table of each kind, and runs them again.
func TestFakesnowRunsTheDDL(t *testing.T) {
	db := startFakesnow(t).open(t)
	for _, table := range []ddl.Table{
		{Name: "plain", Schema: wideSchema(), Batch: true},
		{Name: "public.kept", Schema: wideSchema(), Block: "uint64", History: true, Uint256: ddl.Uint256Binary},
		{Name: "chain.other.numbers", Schema: wideSchema(), Block: "uint64", Uint256: ddl.Uint256Number},
	} {
		text, err := ddl.Create(table)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for _, statement := range strings.SplitAfter(text, ";\n") {
				if statement = strings.TrimSuffix(strings.TrimSpace(statement), ";"); statement == "" {
					continue
				}
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Errorf("%v\nin %s", err, statement)
				}
			}
		}
	}
}

// TestFakesnowLoadsTheFiles puts a file into the stage, copies it in a transaction that is rolled back and in one that is committed,
// and reads every value of every type back. Lists, structs and maps are left out: fakesnow finds their leaves, and not them.
func TestFakesnowLoadsTheFiles(t *testing.T) {
	db := startFakesnow(t).open(t)
	ctx := t.Context()
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%v\nin %s", err, statement)
		}
	}
	table := ddl.Table{Name: "wide", Schema: wideSchema(), Block: "uint64", History: true}
	create, err := ddl.CreateTable(table)
	if err != nil {
		t.Fatal(err)
	}
	name, err := ddl.ParseName(table.Name)
	if err != nil {
		t.Fatal(err)
	}
	exec(create)
	exec(ddl.CreateStage(name))

	rows := randbatch.New(table.Schema, 300, 2)
	defer rows.Release()
	path := stageFiles(t, rows, ddl.Uint256Text)[0].Path
	stage := `@"CHAIN"."PUBLIC"."AMP_STAGE"/pipeline/wide/`
	exec(fmt.Sprintf("PUT 'file://%s' '%s' AUTO_COMPRESS=FALSE OVERWRITE=FALSE PARALLEL=4", path, stage))
	copyFile := fmt.Sprintf(`COPY INTO "CHAIN"."PUBLIC"."WIDE" FROM %s FILES=('%s') FILE_FORMAT=(TYPE=PARQUET USE_VECTORIZED_SCANNER=TRUE `+
		`BINARY_AS_TEXT=FALSE USE_LOGICAL_TYPE=TRUE) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE ON_ERROR=ABORT_STATEMENT FORCE=TRUE`, stage, filepath.Base(path))
	for _, commit := range []bool{false, true} {
		tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
		if err != nil {
			t.Fatal(err)
		}
		var status string
		var parsed, loaded int64
		var file any
		var rest [6]any
		if err := tx.QueryRowContext(ctx, copyFile).Scan(&file, &status, &parsed, &loaded, &rest[0], &rest[1], &rest[2], &rest[3], &rest[4], &rest[5]); err != nil {
			t.Fatal(err)
		}
		if status != "LOADED" || loaded != rows.NumRows() {
			t.Fatalf("%v: %s, %d rows", file, status, loaded)
		}
		if commit {
			err = tx.Commit()
		} else {
			err = tx.Rollback()
		}
		if err != nil {
			t.Fatal(err)
		}
	}

	var flat []arrow.Field
	for _, c := range wide {
		if !arrow.IsNested(c.field.Type.ID()) {
			flat = append(flat, c.field)
		}
	}
	// The file has the rows in their order, and so has fakesnow.
	got, err := readRows(db, `SELECT %s FROM "WIDE" WHERE "_AMP_IS_CURRENT" AND "_AMP_BATCH_ID" = '0123456789abcdef'`, flat)
	if err != nil {
		t.Fatal(err)
	}
	for n, row := range got {
		for i, f := range flat {
			want := sinktest.Value(f, rows.Column(rows.Schema().FieldIndices(f.Name)[0]), n)
			if diff := cmp.Diff(want, row[i]); diff != "" {
				t.Errorf("column %s, row %d (-wrote +read):\n%s", f.Name, n, diff)
			}
		}
	}
	if len(got) != int(rows.NumRows()) {
		t.Errorf("%d rows, want %d", len(got), rows.NumRows())
	}
}

// readRows reads the values of fields, in the form of sinktest.Value. The statement has %s in the place of the columns.
func readRows(db *sql.DB, statement string, fields []arrow.Field) (out [][]any, err error) {
	list := make([]string, len(fields))
	for i, f := range fields {
		list[i] = ddl.QuoteColumn(f.Name)
		// As text: the driver would make floats of numbers, and fakesnow answers 1970 where a timestamp is null.
		if id := f.Type.ID(); arrow.IsDecimal(id) || arrow.IsInteger(id) || id == arrow.TIMESTAMP || id == arrow.DURATION {
			list[i] = "CAST(" + list[i] + " AS VARCHAR)"
		}
	}
	rows, err := db.Query(fmt.Sprintf(statement, strings.Join(list, ", ")))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		row, pointers := make([]any, len(fields)), make([]any, len(fields))
		for i := range row {
			pointers[i] = &row[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			return nil, err
		}
		for i, f := range fields {
			row[i] = found(f, plain(f, row[i]))
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// plain is a value of the driver as found expects it.
func plain(f arrow.Field, v any) any {
	switch v := v.(type) {
	case []byte:
		return "0x" + hex.EncodeToString(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		if id := f.Type.ID(); id == arrow.TIME32 || id == arrow.TIME64 {
			return v.Format("15:04:05.999999999")
		}
		return v.Format(time.DateOnly)
	}
	return v
}
