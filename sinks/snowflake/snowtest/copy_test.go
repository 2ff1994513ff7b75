package snowtest_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

// parquetFile writes rows, given as JSON, to a file and returns its path.
func parquetFile(t testing.TB, name string, s *arrow.Schema, json string) string {
	t.Helper()
	record, _, err := array.RecordFromJSON(memory.DefaultAllocator, s, strings.NewReader(json))
	if err != nil {
		t.Fatal(err)
	}
	defer record.Release()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(s, f, nil, pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(record); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func columns(fields ...arrow.Field) *arrow.Schema {
	for i := range fields {
		fields[i].Nullable = true
	}
	return arrow.NewSchema(fields, nil)
}

// numbers is a file with the column A.
func numbers(t testing.TB, name, json string) string {
	t.Helper()
	return parquetFile(t, name, columns(arrow.Field{Name: "A", Type: arrow.PrimitiveTypes.Int64}), json)
}

const copyOptions = ` FILE_FORMAT=(TYPE=PARQUET USE_VECTORIZED_SCANNER=TRUE BINARY_AS_TEXT=FALSE USE_LOGICAL_TYPE=TRUE)
	MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE ON_ERROR=ABORT_STATEMENT`

func put(t testing.TB, db runner, path, to string) {
	t.Helper()
	got := rows(t, db, fmt.Sprintf(`PUT 'file://%s' '%s' AUTO_COMPRESS=FALSE OVERWRITE=FALSE PARALLEL=2`, path, to))
	if len(got) != 1 || !strings.Contains(got[0], "|UPLOADED|") {
		t.Fatalf("PUT answered %q", got)
	}
}

func TestCopy(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a INT, b VARCHAR DEFAULT 'x')`, `CREATE STAGE "st"`)
	put(t, db, numbers(t, "1.parquet", `[{"A": 1}, {"A": 2}]`), `@"TEST_DB"."PUBLIC"."st"/p/`)
	put(t, db, numbers(t, "2.parquet", `[{"A": 3}]`), `@"TEST_DB"."PUBLIC"."st"/p/`)
	listed := rows(t, db, `LIST @"st"/p/`)
	if len(listed) != 2 || !strings.HasPrefix(listed[0], "st/p/1.parquet|") {
		t.Errorf("LIST answered %q", listed)
	}
	copyIt := `COPY INTO t FROM @"st"/p/ FILES=('2.parquet', '1.parquet')` + copyOptions
	c := conn(t, db)
	exec(t, c, `BEGIN`)
	same(t, rows(t, c, copyIt+` FORCE=TRUE`), []string{
		"st/p/2.parquet|LOADED|1|1|1|0|<nil>|<nil>|<nil>|<nil>", "st/p/1.parquet|LOADED|2|2|1|0|<nil>|<nil>|<nil>|<nil>"})
	same(t, rows(t, c, `SELECT a, b FROM t ORDER BY a`), []string{"1|<nil>", "2|<nil>", "3|<nil>"})
	same(t, rows(t, db, `SELECT COUNT(*) FROM t`), []string{"0"})
	exec(t, c, `ROLLBACK`)
	// What was rolled back counts as not loaded, what was committed is skipped, and FORCE loads it again.
	same(t, rows(t, db, `COPY INTO t FROM @"st"/p`+copyOptions), []string{
		"st/p/1.parquet|LOADED|2|2|1|0|<nil>|<nil>|<nil>|<nil>", "st/p/2.parquet|LOADED|1|1|1|0|<nil>|<nil>|<nil>|<nil>"})
	same(t, rows(t, db, copyIt), []string{
		"st/p/2.parquet|LOAD_SKIPPED|0|0|1|0|File was loaded before.|<nil>|<nil>|<nil>",
		"st/p/1.parquet|LOAD_SKIPPED|0|0|1|0|File was loaded before.|<nil>|<nil>|<nil>"})
	same(t, rows(t, db, `COPY INTO t FROM @"st"/p`+copyOptions), []string{"Copy executed with 0 files processed."})
	exec(t, db, copyIt+` FORCE=TRUE`)
	same(t, rows(t, db, `SELECT a, COUNT(*) FROM t GROUP BY a ORDER BY a`), []string{"1|2", "2|2", "3|2"})
	same(t, rows(t, db, `REMOVE @"st"/p/1`), []string{"st/p/1.parquet|removed"})
	if _, err := query_(t.Context(), db, copyIt+` FORCE=TRUE`); number(err) != 91016 {
		t.Errorf("a file that is gone: got %v, want number 91016", err)
	}
	same(t, rows(t, db, `SELECT COUNT(*) FROM t`), []string{"6"})
}

func TestLoadMetadata(t *testing.T) {
	srv := snowtest.Start(t)
	now := time.Now()
	srv.Now = func() time.Time { return now }
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a INT)`, `CREATE STAGE st`)
	load := func() string {
		got := rows(t, db, `COPY INTO t FROM @st FILES=('1.parquet')`+copyOptions)
		return strings.Split(got[0], "|")[1]
	}
	put(t, db, numbers(t, "1.parquet", `[{"A": 1}]`), "@st")
	path := filepath.Join(srv.StageDir("ST"), "1.parquet")
	changed, err := os.ReadFile(numbers(t, "1.parquet", `[{"A": 2}]`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	got = append(got, load(), load())
	if err := os.WriteFile(path, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	got = append(got, load(), load())
	// After 64 days the metadata is gone. A file that changed since then is new; one as old as that may have been loaded.
	now = now.Add(65 * 24 * time.Hour)
	got = append(got, load())
	if err := os.Chtimes(path, now, now); err != nil {
		t.Fatal(err)
	}
	got = append(got, load())
	same(t, got, []string{"LOADED", "LOAD_SKIPPED", "LOADED", "LOAD_SKIPPED", "LOAD_SKIPPED", "LOADED"})
}

func TestCopyTypes(t *testing.T) {
	db := open(t, snowtest.Start(t))
	s := columns(
		arrow.Field{Name: "b", Type: arrow.FixedWidthTypes.Boolean},
		arrow.Field{Name: "i", Type: arrow.PrimitiveTypes.Int8},
		arrow.Field{Name: "u", Type: arrow.PrimitiveTypes.Uint64},
		arrow.Field{Name: "d", Type: &arrow.Decimal128Type{Precision: 38, Scale: 2}},
		arrow.Field{Name: "f", Type: arrow.PrimitiveTypes.Float64},
		arrow.Field{Name: "s", Type: arrow.BinaryTypes.String},
		arrow.Field{Name: "x", Type: arrow.BinaryTypes.Binary},
		arrow.Field{Name: "y", Type: &arrow.FixedSizeBinaryType{ByteWidth: 2}},
		arrow.Field{Name: "day", Type: arrow.FixedWidthTypes.Date32},
		arrow.Field{Name: "t", Type: arrow.FixedWidthTypes.Time64ns},
		arrow.Field{Name: "ntz", Type: &arrow.TimestampType{Unit: arrow.Nanosecond}},
		arrow.Field{Name: "ltz", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}},
		arrow.Field{Name: "l", Type: arrow.ListOf(&arrow.Decimal128Type{Precision: 20})},
		arrow.Field{Name: "o", Type: arrow.StructOf(arrow.Field{Name: "k", Type: arrow.BinaryTypes.String, Nullable: true}, arrow.Field{Name: "n", Type: arrow.PrimitiveTypes.Float64, Nullable: true})},
		arrow.Field{Name: "m", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64)},
	)
	path := parquetFile(t, "1.parquet", s, `[{"b": true, "i": -128, "u": 9223372036854775807, "d": "123456789012345678901234567890123456.78", "f": 0.1, "s": "é <&>\"",
		"x": "/wA=", "y": "AQI=", "day": "1969-12-31", "t": "23:59:59.123456789", "ntz": "2026-11-25 12:00:00.123456789", "ltz": "1969-12-31 23:59:59.999999Z",
		"l": ["18446744073709551615", null], "o": {"k": "a<b", "n": 1e300}, "m": [{"key": "x", "value": 9007199254740993}]}, {}]`)
	exec(t, db, `CREATE STAGE st`, `CREATE TABLE t (b BOOLEAN, i NUMBER(3,0), u NUMBER(20,0), d NUMBER(38,2), f FLOAT, s VARCHAR(6), x BINARY, y BINARY(2), day DATE,
		t TIME(9), ntz TIMESTAMP_NTZ, ltz TIMESTAMP_LTZ, l ARRAY, o OBJECT, m VARIANT, more INT)`)
	put(t, db, path, "@st")
	exec(t, db, `COPY INTO t FROM @st`+copyOptions)
	same(t, rows(t, db, `SELECT b, i, u, d, f, s, x, y, day, t::VARCHAR, ntz, ltz::TIMESTAMP_NTZ, l, o, m, more FROM t WHERE b`), []string{
		`true|-128|9223372036854775807|123456789012345678901234567890123456.78|0.1|é <&>"|FF00|0102|1969-12-31 00:00:00 +0000 UTC|23:59:59|` +
			`2026-11-25 12:00:00.123456789 +0000 UTC|1969-12-31 23:59:59.999999 +0000 UTC|[18446744073709551615,null]|{"k":"a<b","n":1e+300}|{"x":9007199254740993}|<nil>`})
	same(t, rows(t, db, `SELECT COUNT(*) FROM t WHERE b IS NULL AND l IS NULL AND o IS NULL AND m IS NULL AND ntz IS NULL AND x IS NULL`), []string{"1"})
	same(t, rows(t, db, `SELECT COUNT(*) FROM t WHERE t = '23:59:59.123456789'`), []string{"1"})
}

func TestCopyRefuses(t *testing.T) {
	db := open(t, snowtest.Start(t))
	exec(t, db, `CREATE STAGE st`)
	big := fmt.Sprint(uint64(math.MaxUint64))
	for name, c := range map[string]struct {
		field  arrow.Field
		json   string
		column string
		want   int
	}{
		"a UINT64 that overflows":         {arrow.Field{Name: "A", Type: arrow.PrimitiveTypes.Uint64}, `[{"A": ` + big + `}]`, "NUMBER(20,0)", 100039},
		"more digits than the column has": {arrow.Field{Name: "A", Type: arrow.PrimitiveTypes.Int64}, `[{"A": 1000}]`, "NUMBER(3,0)", 100039},
		"a text that is too long":         {arrow.Field{Name: "A", Type: arrow.BinaryTypes.String}, `[{"A": "abc"}]`, "VARCHAR(2)", 100078},
		"bytes that are too long":         {arrow.Field{Name: "A", Type: arrow.BinaryTypes.Binary}, `[{"A": "AQID"}]`, "BINARY(2)", 100000},
		"bytes as text":                   {arrow.Field{Name: "A", Type: arrow.BinaryTypes.Binary}, `[{"A": "AQID"}]`, "VARCHAR", 100000},
		"NULL where it may not be":        {arrow.Field{Name: "A", Type: arrow.PrimitiveTypes.Int64}, `[{"A": null}]`, "INT NOT NULL", 100072},
		"text that is no number":          {arrow.Field{Name: "A", Type: arrow.BinaryTypes.String}, `[{"A": "abc"}]`, "INT", 100038},
		"a column that the file lacks":    {arrow.Field{Name: "B", Type: arrow.PrimitiveTypes.Int64}, `[{"B": 1}]`, "INT, b INT, c BOOLEAN NOT NULL DEFAULT TRUE", 100072},
		"a list as text":                  {arrow.Field{Name: "A", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)}, `[{"A": [1]}]`, "VARCHAR", 100000},
	} {
		t.Run(name, func(t *testing.T) {
			exec(t, db, `CREATE OR REPLACE TABLE t (a `+c.column+`)`, `REMOVE @st`)
			put(t, db, parquetFile(t, "1.parquet", columns(c.field), c.json), "@st")
			if _, err := query_(t.Context(), db, `COPY INTO t FROM @st`+copyOptions); number(err) != c.want {
				t.Errorf("got %v, want number %d", err, c.want)
			}
			same(t, rows(t, db, `SELECT COUNT(*) FROM t`), []string{"0"})
		})
	}
	exec(t, db, `CREATE OR REPLACE TABLE t (a INT)`)
	garbage := filepath.Join(t.TempDir(), "2.parquet")
	if err := os.WriteFile(garbage, []byte("PAR1 and no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, db, garbage, "@st/garbage")
	if _, err := query_(t.Context(), db, `COPY INTO t FROM @st/garbage`+copyOptions); number(err) != 100000 {
		t.Errorf("a file that is no Parquet: got %v", err)
	}
	for _, options := range []string{
		` FILE_FORMAT=(TYPE=CSV) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE`,
		` FILE_FORMAT=(TYPE=PARQUET) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE`,
		` FILE_FORMAT=(TYPE=PARQUET USE_VECTORIZED_SCANNER=TRUE)`,
		copyOptions + ` PURGE=TRUE`,
		strings.Replace(copyOptions, "ABORT_STATEMENT", "CONTINUE", 1),
	} {
		if _, err := query_(t.Context(), db, `COPY INTO t FROM @st`+options); number(err) != 2 {
			t.Errorf("%s: got %v, want number 2", options, err)
		}
	}
}

// A COPY that fails leaves neither rows nor load metadata, also of the files that were fine, and the transaction goes on.
func TestCopyIsAtomic(t *testing.T) {
	db := open(t, snowtest.Start(t))
	exec(t, db, `CREATE TABLE t (a NUMBER(2,0))`, `CREATE STAGE st`)
	put(t, db, numbers(t, "1.parquet", `[{"A": 1}]`), "@st")
	put(t, db, numbers(t, "2.parquet", `[{"A": 100}]`), "@st")
	c := conn(t, db)
	exec(t, c, `BEGIN`, `INSERT INTO t VALUES (7)`)
	if _, err := query_(t.Context(), c, `COPY INTO t FROM @st`+copyOptions); number(err) != 100039 {
		t.Errorf("got %v, want number 100039", err)
	}
	same(t, rows(t, c, `COPY INTO t FROM @st FILES=('1.parquet')`+copyOptions), []string{"st/1.parquet|LOADED|1|1|1|0|<nil>|<nil>|<nil>|<nil>"})
	exec(t, c, `COMMIT`)
	same(t, rows(t, db, `SELECT a FROM t ORDER BY a`), []string{"1", "7"})
}
