package snowtest_test

import (
	"testing"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

// Statements through the real driver, one after the other on one server, with what each yields.
func TestStatements(t *testing.T) {
	srv := snowtest.Start(t)
	srv.Now = func() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 123456789, time.UTC) }
	db := open(t, srv)
	for _, c := range []struct {
		sql  string
		args []any
		want []string
		err  int
	}{
		{sql: `SELECT 1`, want: []string{"1"}},
		{sql: `SELECT CURRENT_DATABASE(), CURRENT_SCHEMA(), CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_TRANSACTION()`,
			want: []string{"TEST_DB|PUBLIC|LOADER_ROLE|TEST_WH|<nil>"}},
		{sql: `CREATE TABLE IF NOT EXISTS "T" ("A" NUMBER(38,0) NOT NULL, "B" VARCHAR, "C" BOOLEAN NOT NULL DEFAULT TRUE,
			"D" TIMESTAMP_NTZ(9) DEFAULT CURRENT_TIMESTAMP(), "E" BINARY(4), "F" FLOAT, PRIMARY KEY ("A")) COMMENT = 'it''s a table'`,
			want: []string{"Table T successfully created."}},
		{sql: `create table if not exists t (a int)`, want: []string{"T already exists, statement succeeded."}},
		{sql: `create table t (a int)`, err: 2002},
		{sql: `INSERT INTO "T" ("A", "B") VALUES (?, ?)`, args: []any{"99999999999999999999999999999999999999", "x"}, want: []string{"1"}},
		{sql: `INSERT INTO t (a, b, c, e, f) VALUES (1, NULL, FALSE, TO_BINARY('ff00'), 1.5), (?, ?, ?, ?, ?)`,
			args: []any{int64(-2), nil, true, nil, "0.1"}, want: []string{"2"}},
		{sql: `SELECT * FROM t ORDER BY a`, want: []string{
			"-2|<nil>|true|2026-11-25 12:00:00.123456789 +0000 UTC|<nil>|0.1",
			"1|<nil>|false|2026-11-25 12:00:00.123456789 +0000 UTC|FF00|1.5",
			"99999999999999999999999999999999999999|x|true|2026-11-25 12:00:00.123456789 +0000 UTC|<nil>|<nil>"}},
		{sql: `SELECT COUNT(*), MAX("A"), COALESCE(MAX(b), ''), COUNT(DISTINCT c) FROM t WHERE "A" <> ? AND NOT ("A" >= 123 AND "B" IS NOT NULL)`,
			args: []any{int64(5)}, want: []string{"2|1||2"}},
		{sql: `SELECT a FROM t WHERE c`, want: []string{"99999999999999999999999999999999999999", "-2"}},
		{sql: `SELECT a FROM t WHERE (a IN (?, ?) AND b IS NULL) OR b = 'x' ORDER BY a DESC LIMIT 2`, args: []any{int64(1), int64(7)},
			want: []string{"99999999999999999999999999999999999999", "1"}},
		{sql: `SELECT b FROM t WHERE CONTAINS(b, 'x')`, want: []string{"x"}},
		{sql: `SELECT b FROM t ORDER BY b`, want: []string{"x", "<nil>", "<nil>"}},
		{sql: `SELECT b FROM t ORDER BY b DESC`, want: []string{"<nil>", "<nil>", "x"}},
		{sql: `SELECT DISTINCT DATE_PART('epoch_nanosecond', d), DATE_PART('epoch_nanosecond', '1969-12-31 23:59:59.999999999'::TIMESTAMP_LTZ) FROM t`,
			want: []string{"1795608000123456789|-1"}},
		{sql: `SELECT DATE_PART('month', d) FROM t`, err: 1003},
		{sql: `UPDATE t SET a = a + 1, b = ? WHERE a < 2`, args: []any{"y"}, want: []string{"2|0"}},
		{sql: `UPDATE t SET c = FALSE WHERE a = 12345`, want: []string{"0|0"}},
		{sql: `SELECT a, b FROM t WHERE b = 'y' ORDER BY 1`, want: []string{"-1|y", "2|y"}},
		{sql: `DELETE FROM t WHERE a > 2`, want: []string{"1"}},
		{sql: `SELECT count(*) FROM t`, want: []string{"2"}},
		{sql: `ALTER TABLE t ADD COLUMN IF NOT EXISTS "G" NUMBER(19,0)`, want: []string{"Statement executed successfully."}},
		{sql: `ALTER TABLE t ADD COLUMN IF NOT EXISTS "G" NUMBER(19,0)`, want: []string{"Statement executed successfully."}},
		{sql: `ALTER TABLE t ADD COLUMN h int NOT NULL`, err: 100072},
		{sql: `SELECT g, COALESCE(g, 0) FROM t WHERE a = 2`, want: []string{"<nil>|0"}},
		{sql: `CREATE VIEW IF NOT EXISTS v AS SELECT a, b AS "lower" FROM t WHERE "C"`, want: []string{"View V successfully created."}},
		{sql: `SELECT "lower", a FROM v`, want: []string{"y|-1"}},
		{sql: `SELECT lower FROM v`, err: 904},
		{sql: `SELECT TABLE_NAME, TABLE_TYPE FROM "TEST_DB".INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN (?, ?) ORDER BY 1`,
			args: []any{"PUBLIC", "T", "V"}, want: []string{"T|BASE TABLE", "V|VIEW"}},
		{sql: `SELECT "COLUMN_NAME","DATA_TYPE","NUMERIC_PRECISION","NUMERIC_SCALE","DATETIME_PRECISION","CHARACTER_MAXIMUM_LENGTH","IS_NULLABLE","COLUMN_DEFAULT"
			FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'PUBLIC' AND TABLE_NAME = 'T' ORDER BY ORDINAL_POSITION`, want: []string{
			"A|NUMBER|38|0|<nil>|<nil>|NO|<nil>",
			"B|TEXT|<nil>|<nil>|<nil>|16777216|YES|<nil>",
			"C|BOOLEAN|<nil>|<nil>|<nil>|<nil>|NO|TRUE",
			"D|TIMESTAMP_NTZ|<nil>|<nil>|9|<nil>|YES|CURRENT_TIMESTAMP()",
			"E|BINARY|<nil>|<nil>|<nil>|4|YES|<nil>",
			"F|FLOAT|<nil>|<nil>|<nil>|<nil>|YES|<nil>",
			"G|NUMBER|19|0|<nil>|<nil>|YES|<nil>"}},
		{sql: `CREATE STAGE IF NOT EXISTS "AMP_STAGE"`, want: []string{"STAGE AMP_STAGE successfully created."}},
		{sql: `SELECT COUNT(*) FROM "TEST_DB".INFORMATION_SCHEMA.STAGES WHERE STAGE_SCHEMA = ? AND STAGE_NAME = ?`, args: []any{"PUBLIC", "AMP_STAGE"}, want: []string{"1"}},
		{sql: `CREATE SCHEMA IF NOT EXISTS s`, want: []string{"SCHEMA S successfully created."}},
		{sql: `SELECT COUNT(*) FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = 'S'`, want: []string{"1"}},
		{sql: `CREATE TABLE s.t (v VARIANT, a ARRAY, o OBJECT)`, want: []string{"Table T successfully created."}},
		{sql: `INSERT INTO s.t (v) VALUES ('{}')`, err: 2023},
		{sql: `INSERT INTO s.t (v) VALUES (PARSE_JSON('{}'))`, err: 2014},
		{sql: `INSERT INTO s.t (v, a, o) SELECT PARSE_JSON(COLUMN1), PARSE_JSON(COLUMN2), PARSE_JSON(COLUMN3) FROM VALUES (?, ?, ?), (NULL, NULL, NULL)`,
			args: []any{` {"n" : 123456789012345678901234567890, "b": [true, null]} `, "[1]", `{"x":"y"}`}, want: []string{"2"}},
		{sql: `SELECT v, a, o, v:b[0], o:x::VARCHAR, ARRAY_SIZE(a) FROM s.t WHERE v IS NOT NULL`,
			want: []string{`{"n":123456789012345678901234567890,"b":[true,null]}|[1]|{"x":"y"}|true|y|1`}},
		{sql: `INSERT INTO s.t (a) SELECT PARSE_JSON('{}')`, err: 100071},
		{sql: `INSERT INTO s.t (v) SELECT PARSE_JSON('{')`, err: 100069},
		{sql: `SELECT count(*) FROM s.t`, want: []string{"2"}},
		{sql: `DROP TABLE IF EXISTS s.t`, want: []string{"T successfully dropped."}},
		{sql: `SELECT * FROM s.t`, err: 2003},
		{sql: `SELECT "a" FROM t`, err: 904},
		{sql: `SELECT a, FROM t`, err: 1003},
		{sql: `MERGE INTO t USING t s ON TRUE WHEN MATCHED THEN DELETE`, err: 1003},
		{sql: `SELECT a FROM t WHERE nonsense(a)`, err: 2140},
		{sql: `SELECT ?`, err: 2049},
		{sql: `UPDATE t SET d = CURRENT_TIMESTAMP()`, err: 2023},
		{sql: `UPDATE t SET d = CURRENT_TIMESTAMP()::TIMESTAMP_NTZ`, want: []string{"2|0"}},
		{sql: `ALTER SESSION SET TIMEZONE = 'America/Los_Angeles'`, want: []string{"Statement executed successfully."}},
		{sql: `UPDATE t SET d = CURRENT_TIMESTAMP()::TIMESTAMP_NTZ`, err: 2},
	} {
		db.SetMaxOpenConns(1)
		got, err := query_(t.Context(), db, c.sql, c.args...)
		if number(err) != c.err {
			t.Errorf("%s\nfailed with %v, want number %d", c.sql, err, c.err)
			continue
		}
		if err == nil {
			t.Log(c.sql)
			same(t, got, c.want)
		}
	}
}

func TestArrayBinds(t *testing.T) {
	db := open(t, snowtest.Start(t), param("CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "0"))
	exec(t, db, `CREATE TABLE t (i INT, s VARCHAR(3), f FLOAT, b BINARY, k BOOLEAN, n TIMESTAMP_NTZ, l TIMESTAMP_LTZ, d DATE, c TIME, v VARIANT)`)
	at := time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC)
	times := []any{at, nil, at}
	args := []any{
		bound(t, []any{"1", nil, "-3"}), bound(t, []any{"äöü", "", nil}), bound(t, []any{"0.1", "inf", nil}),
		bound(t, []any{[]byte{0xff}, nil, []byte{}}), bound(t, []any{true, nil, false}),
		bound(t, times, sf.TimestampNTZType), bound(t, times, sf.TimestampLTZType), bound(t, times, sf.DateType), bound(t, times, sf.TimeType),
	}
	got := rows(t, db, `INSERT INTO t (i, s, f, b, k, n, l, d, c) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	same(t, got, []string{"3"})
	same(t, rows(t, db, `SELECT i, s, f, b, k, n, l::TIMESTAMP_NTZ, d, c::VARCHAR FROM t ORDER BY i`), []string{
		"-3|<nil>|<nil>||false|1969-12-31 23:59:59.999999999 +0000 UTC|1969-12-31 23:59:59.999999999 +0000 UTC|1969-12-31 00:00:00 +0000 UTC|23:59:59",
		"1|äöü|0.1|FF|true|1969-12-31 23:59:59.999999999 +0000 UTC|1969-12-31 23:59:59.999999999 +0000 UTC|1969-12-31 00:00:00 +0000 UTC|23:59:59",
		"<nil>||inf|<nil>|<nil>|<nil>|<nil>|<nil>|<nil>",
	})
	got = rows(t, db, `INSERT INTO t (i, v) SELECT COLUMN1, PARSE_JSON(COLUMN2) FROM VALUES (?, ?)`, bound(t, []any{"7", "8"}), bound(t, []any{`{"a": [1]}`, nil}))
	same(t, got, []string{"2"})
	same(t, rows(t, db, `SELECT i, v FROM t WHERE i > 5 ORDER BY i`), []string{`7|{"a":[1]}`, "8|<nil>"})
	for _, c := range []struct {
		sql  string
		args []any
		want int
	}{
		{`INSERT INTO t (i) VALUES (?)`, []any{bound(t, []any{"1", "x"})}, 100038},
		{`INSERT INTO t (s) VALUES (?)`, []any{bound(t, []any{"abc", "abcd"})}, 100078},
		{`INSERT INTO t (v) VALUES (?)`, []any{bound(t, []any{"{}"})}, 2023},
		{`INSERT INTO t (l) VALUES (?)`, []any{bound(t, times, sf.TimestampNTZType)}, 2023},
		{`UPDATE t SET i = ?`, []any{bound(t, []any{"1"})}, 2},
	} {
		if _, err := db.ExecContext(t.Context(), c.sql, c.args...); number(err) != c.want {
			t.Errorf("%s failed with %v, want number %d", c.sql, err, c.want)
		}
	}
	same(t, rows(t, db, `SELECT COUNT(*) FROM t`), []string{"5"})
}

// bound binds values, with the type of times.
func bound(t *testing.T, values []any, kind ...any) any {
	t.Helper()
	a, err := sf.Array(&values, kind...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// What the server refuses: what Snowflake refuses, and what only Snowflake can do.
func TestRefusals(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a NUMBER(38,0), b VARCHAR(3) NOT NULL, c VARIANT, d TIMESTAMP_TZ)`, `INSERT INTO t (a, b) VALUES (1, 'x')`,
		`CREATE VIEW v AS SELECT a FROM t`, `CREATE STAGE st`)
	for _, c := range []struct {
		sql  string
		args []any
		want int
	}{
		{`SELECT 99999999999999999999999999999999999999 + a FROM t`, nil, 100046},
		{`SELECT 100000000000000000000000000000000000000`, nil, 1007},
		{`UPDATE t SET b = NULL`, nil, 100072},
		{`UPDATE t SET b = 'long'`, nil, 100078},
		{`UPDATE t SET z = 1`, nil, 904},
		{`UPDATE t SET c = b`, nil, 2023},
		{`INSERT INTO t (b, d) VALUES ('x', ?)`, []any{sf.DataTypeTimestampTz, time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600))}, 2},
		{`INSERT INTO v VALUES (1)`, nil, 2205},
		{`DELETE FROM v`, nil, 2205},
		{`DROP TABLE v`, nil, 2203},
		{`DROP VIEW t`, nil, 2203},
		{`CREATE TABLE v (a INT)`, nil, 2002},
		{`CREATE TABLE u (a NUMBER(39,0))`, nil, 1008},
		{`CREATE TABLE u (a NUMBER(5,6))`, nil, 1008},
		{`CREATE TABLE u (a INT64)`, nil, 2040},
		{`CREATE TABLE u (a INT, "A" INT)`, nil, 2025},
		{`CREATE TABLE u (a INT, PRIMARY KEY (b))`, nil, 904},
		{`CREATE TABLE u (a INT DEFAULT 'x', b BINARY DEFAULT 5)`, nil, 2023},
		{`CREATE TABLE nowhere.public.u (a INT)`, nil, 2003},
		{`CREATE VIEW w AS SELECT a, a FROM t`, nil, 2025},
		{`SELECT a FROM t, v`, nil, 2028},
		{`SELECT a || 'x' + 1 FROM t`, nil, 100038},
		{`SELECT a FROM t WHERE b = TO_BINARY('00')`, nil, 1044},
		{`SELECT TO_BINARY('0')`, nil, 100115},
		{`SELECT COUNT(a, b) FROM t`, nil, 939},
		{`SELECT a FROM t ORDER BY 2`, nil, 1008},
		{`SELECT '2026-02-30'::DATE`, nil, 100040},
		{`SELECT 'noon'::TIMESTAMP_NTZ`, nil, 100035},
		{`SELECT 'maybe'::BOOLEAN`, nil, 100037},
		{`SELECT PARSE_JSON('[1')`, nil, 100069},
		{`SELECT TRY_CAST(b AS INT) FROM t`, nil, 2},
		{`SELECT * FROM @st`, nil, 1003},
		{`TRUNCATE TABLE t`, nil, 1003},
		{`SHOW TABLES`, nil, 1003},
		{`PUT 'file:///tmp/x' @st`, nil, 2},
		{`PUT 'file:///tmp/x' @other AUTO_COMPRESS=FALSE`, nil, 2003},
		{`PUT 'file:///tmp/x' @st/../up AUTO_COMPRESS=FALSE`, nil, 1003},
		{`ALTER SESSION SET TIMEZON = 'UTC'`, nil, 2},
		{`SELECT a, COUNT(*) FROM t`, nil, 979},
		{`SELECT 1 FROM INFORMATION_SCHEMA.NOTHING`, nil, 2003},
		{`SELECT 'a' AS x, SUM(a) FROM t GROUP BY nothing`, nil, 904},
	} {
		if _, err := query_(t.Context(), db, c.sql, c.args...); number(err) != c.want {
			t.Errorf("%s\ngot %v, want number %d", c.sql, err, c.want)
		}
	}
	same(t, rows(t, db, `SELECT * FROM t`), []string{"1|x|<nil>|<nil>"})
}
