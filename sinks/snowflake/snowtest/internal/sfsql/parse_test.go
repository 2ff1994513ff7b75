package sfsql

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		sql  string
		want Statement
	}{
		{"begin transaction", &Begin{}},
		{"ROLLBACK;", &Commit{Rollback: true}},
		{`DROP TABLE IF EXISTS "a""b".c`, &Drop{Kind: "TABLE", IfExists: true, Name: Name{`a"b`, "C"}}},
		{"LIST @st/a/b -- all\n", &List{Path: StagePath{Name{"ST"}, "a/b"}}},
		{`REMOVE '@"D"."S"."st/x"/a b/'`, &Remove{Path: StagePath{Name{"D", "S", "st/x"}, "a b/"}}},
		{`PUT 'file:///tmp/a''b' @st/p AUTO_COMPRESS=FALSE PARALLEL=7`, &Put{File: "/tmp/a'b", To: StagePath{Name{"ST"}, "p"}, Parallel: 7}},
		{`COPY INTO d.s.t FROM @st FILES=('a', 'b') FILE_FORMAT=(TYPE=PARQUET USE_LOGICAL_TYPE=true) FORCE=TRUE`, &Copy{
			Table: Name{"D", "S", "T"}, From: StagePath{Name{"ST"}, ""}, Files: []string{"a", "b"},
			Format: map[string]string{"TYPE": "PARQUET", "USE_LOGICAL_TYPE": "TRUE"}, Options: map[string]string{"FORCE": "TRUE"}}},
		{`ALTER TABLE t ADD COLUMN IF NOT EXISTS c NUMBER(19,0) NOT NULL DEFAULT 0`, &AddColumn{Table: Name{"T"}, IfNotExists: true,
			Column: Column{Name: "C", Type: TypeName{"NUMBER", []int{19, 0}, 41}, NotNull: true, Default: &Literal{At(71), "number", "0"}}}},
		{"UPDATE t SET a = a + ? WHERE b IN (1, ?) AND NOT c", &Update{Table: Name{"T"},
			Set: []Set{{"A", &Binary{At(19), "+", &Ref{17, []string{"A"}}, &Bind{21, 0}}, 13}},
			Where: &Binary{At(41), "AND", &In{At: 31, X: &Ref{29, []string{"B"}}, List: []Expr{&Literal{35, "number", "1"}, &Bind{38, 1}}},
				&Unary{At(45), "NOT", &Ref{49, []string{"C"}}}}}},
		{`INSERT INTO t (a) VALUES ('it''s \'\\'), (NULL)`, &Insert{Table: Name{"T"}, Columns: []string{"A"},
			Values: [][]Expr{{&Literal{26, "string", `it's '\`}}, {&Literal{42, "null", ""}}}}},
		{"SELECT v:a.B[0]::varchar x FROM VALUES (?) AS q (v) ORDER BY 1 DESC LIMIT 2", &Select{
			Items: []Item{{&Cast{At: 15, X: &Path{At: 12, X: &Path{At: 10, X: &Path{At: 8, X: &Ref{7, []string{"V"}}, Field: "a"}, Field: "B"}, Index: &Literal{13, "number", "0"}},
				To: TypeName{"VARCHAR", nil, 17}}, "X"}},
			From:    []From{{Values: [][]Expr{{&Bind{40, 0}}}, Alias: "Q", Names: []string{"V"}, At: 32}},
			OrderBy: []Order{{Expr: &Literal{61, "number", "1"}, Descending: true}}, Limit: &Literal{74, "number", "2"}}},
	} {
		got, err := Parse(c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s\n(-want +got)\n%s", c.sql, d)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"", "syntax error line 1 at position 0 unexpected '<EOF>'."},
		{"SELEKT 1", "syntax error line 1 at position 0 unexpected 'SELEKT'."},
		{"SELECT 1\n  FROM WHERE", "syntax error line 2 at position 7 unexpected 'WHERE'."},
		{"SELECT 'a", "syntax error line 1 at position 7 unexpected <EOF> in a string"},
		{"SELECT 1; SELECT 2", "syntax error line 1 at position 10 unexpected 'SELECT'."},
		{"SELECT a FROM t FOR UPDATE", "syntax error line 1 at position 20 unexpected 'UPDATE'."},
		{"CREATE INDEX i ON t (a)", "syntax error line 1 at position 7 unexpected 'INDEX'."},
		{"CREATE TABLE t (a INT, UNIQUE (a))", "syntax error line 1 at position 30 unexpected '('."},
		{"COPY INTO t FROM @st VALIDATION_MODE=RETURN_ERRORS", "syntax error line 1 at position 21 unexpected 'VALIDATION_MODE'."},
		{"PUT file:///x @st", "syntax error line 1 at position 4 unexpected 'FILE'."},
		{"LIST @a.b.c.d", "syntax error line 1 at position 5 unexpected '@a.b.c.d'."},
		{"SELECT # FROM t", "syntax error line 1 at position 7 unexpected '#'"},
		{"SELECT " + strings.Repeat("(", 500) + "1", "syntax error line 1 at position 107 unexpected '(': nested too deeply."},
	} {
		_, err := Parse(c.sql)
		var e *Error
		if !errors.As(err, &e) || e.Error() != c.want {
			t.Errorf("%.40s\ngot  %v\nwant %s", c.sql, err, c.want)
		}
	}
}

// Whatever the text is, there is a statement or an error with a position in it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"BEGIN", `CREATE TABLE IF NOT EXISTS "A"."B" ("C" NUMBER(38,0) NOT NULL DEFAULT 0, PRIMARY KEY ("C")) COMMENT = 'x'`,
		"INSERT INTO t SELECT COLUMN1, PARSE_JSON(COLUMN2) FROM VALUES (?, ?)", "SELECT a.b:c[1]::int, CASE WHEN x THEN 1 END FROM t a LEFT JOIN u ON TRUE",
		"PUT 'file:///x' '@\"a\"/b/' OVERWRITE=TRUE", "COPY INTO t FROM @s/p FILES=('a') FILE_FORMAT=(TYPE=PARQUET)", "DELETE FROM t WHERE (a, b) IN ((1, 2)) OR a BETWEEN 1 AND -2",
		"SELECT COUNT(DISTINCT a) FROM (SELECT 1 a UNION ALL SELECT ?) WHERE EXISTS (SELECT 1) GROUP BY 1 HAVING TRUE ORDER BY 1 NULLS FIRST OFFSET 1", "/* */ -- \n'",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := Parse(sql)
		if err == nil {
			if s == nil {
				t.Error("neither a statement nor an error")
			}
			return
		}
		var e *Error
		if !errors.As(err, &e) || e.At < 0 || e.At > len(sql) || e.Line < 1 || e.Col < 0 {
			t.Errorf("error %#v", err)
		}
	})
}
