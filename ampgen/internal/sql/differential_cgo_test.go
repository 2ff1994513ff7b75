//go:build cgo

package sql

import (
	"testing"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// common are statements of the subset that PostgreSQL's grammar shares with the server's: both parsers must agree on each.
var common = []struct {
	sql    string
	accept bool
}{
	{"select a from t", true},
	{"select a, b as c, d e from t", true},
	{"select t.a, \"T\".\"A\" from t", true},
	{"select * from t", true},
	{"select t.* from t, u", true},
	{"select distinct a from t", true},
	{"select distinct on (a) a, b from t order by a", true},
	{"select 1, 1.5, .5, 1e5, 'it''s', E'a\\n', $$x$$, $t$y$t$, true, null", true},
	{"select -1, +1, - -1, not true", true},
	{"select a + b * c - d / e % f from t", true},
	{"select a || b || 'x' from t", true},
	{"select a = b, a <> b, a != b, a < b, a <= b, a > b, a >= b from t", true},
	{"select a and b or not c from t", true},
	{"select a is null, a is not null, a is true, a is not false, a is unknown from t", true},
	{"select a is distinct from b, a is not distinct from b from t", true},
	{"select a in (1, 2), a not in (select b from u) from t", true},
	{"select a between 1 and 2 and b from t", true},
	{"select a not between 1 and 2 from t", true},
	{"select a like 'x%', a not ilike 'y', a like 'z' escape '!' from t", true},
	{"select a similar to 'x' from t", true},
	{"select a ~ 'x', a ~* 'x', a !~ 'x', a !~* 'x' from t", true},
	{"select case when a then b else c end, case a when 1 then 2 end from t", true},
	{"select cast(a as int), a::bigint, a::decimal(10, 2), a::varchar(3), a::timestamp(3) from t", true},
	{"select date '2020-01-01', timestamp '2020-01-01', interval '1 day', interval '1' day", true},
	{"select extract(year from ts), substring(a from 1 for 2), trim(leading 'x' from a), position('a' in b) from t", true},
	{"select overlay(a placing b from 1 for 2) from t", true},
	{"select ts at time zone 'UTC' from t", true},
	{"select array[1, 2], a[1], a[1:2] from t", true},
	{"select a = any(b), a = some(b) from t", true},
	{"select count(*), count(distinct a), sum(a) filter (where b > 1) from t", true},
	{"select f(), f(a), s.f(a, b), f(a => 1) from t", true},
	{"select array_agg(a order by b desc nulls last) from t", true},
	{"select percentile_cont(0.5) within group (order by a) from t", true},
	{"select row_number() over (partition by a order by b) from t", true},
	{"select sum(a) over (order by b rows between 1 preceding and current row) from t", true},
	{"select sum(a) over w from t window w as (partition by b)", true},
	{"select current_date, current_timestamp", true},
	{"select (select 1), exists (select 1), not exists (select 2)", true},
	{"select a from t where a = 1 group by a having count(*) > 1 order by a desc limit 1 offset 2", true},
	{"select a from t group by grouping sets ((a), ()), rollup (b), cube (c, d)", true},
	{"select a from t limit all", true},
	{"select a from t order by 1 nulls first", true},
	{"select 1 from a join b on a.x = b.x left join c using (x) cross join d natural join e", true},
	{"select 1 from a full outer join b on true right join c on true", true},
	{"select 1 from (a join b on true) join c on true", true},
	{"select 1 from (select 1) x, lateral (select x.a) y", true},
	{"select 1 from (values (1, 2), (3, 4)) v (a, b)", true},
	{"select 1 from unnest(array[1, 2]) u (x)", true},
	{"select 1 from generate_series(1, 10) g", true},
	{"select 1 union select 2 union all select 3 intersect select 4 except select 5", true},
	{"(select 1 limit 1) union (select 2)", true},
	{"values (1), (2)", true},
	{"with a as (select 1), b (x) as (select 2) select * from a, b", true},
	{"with recursive n as (select 1 union all select 2) select * from n", true},
	{"select 1 /* a /* nested */ comment */ -- end", true},
	{"select 1;", true},
	{"select a.b.c from a.b", true},
	{"select (((a))) from t", true},

	{"selct a from t", false},
	{"select a b c from t", false},
	{"select a from t wehre a = 1", false},
	{"select a from t where", false},
	{"select a from t where a =", false},
	{"select a from t where a in ()", false},
	{"select a from t where a in (1,)", false},
	{"select a from t group a", false},
	{"select a from t order by", false},
	{"select a from t order by a,", false},
	{"select a from t having a group by a", false},
	{"select a from t where a between 1", false},
	{"select a from t limit 1 limit 2", false},
	{"select (a from t", false},
	{"select a) from t", false},
	{"select f(a from t", false},
	{"select f(a,) from t", false},
	{"select case a end from t", false},
	{"select case when a then b from t", false},
	{"select cast(a int) from t", false},
	{"select cast(a as) from t", false},
	{"select a from t join", false},
	{"select a from t left join u", false},
	{"select 1 from t cross join u on true", false},
	{"select 1 from t join u using ()", false},
	{"select 1 union", false},
	{"select 1 order by 1 union select 2", false},
	{"with a as select 1 select 2", false},
	{"with a as (select 1), select 2", false},
	{"values (1), 2", false},
	{"select 'abc", false},
	{"select \"abc", false},
	{"select 1 /* open", false},
	{"select $$abc", false},
	{"select a, from t", true}, // the one place where the server takes a trailing comma; see onlyServer
	{"select a is json2 from t", false},
	{"select a from t as", false},
	{"select not from t", false},
}

// onlyServer are statements of common that PostgreSQL refuses.
var onlyServer = map[string]bool{"select a, from t": true}

func TestAgreesWithPostgreSQL(t *testing.T) {
	for _, tt := range common {
		q, faults := parse(tt.sql)
		if (q != nil) != tt.accept {
			t.Errorf("%s\nwant accepted %v: %s", tt.sql, tt.accept, faults)
		}
		_, err := pg.Parse(tt.sql)
		if (err == nil) != (tt.accept && !onlyServer[tt.sql]) {
			t.Errorf("%s\nPostgreSQL: %v", tt.sql, err)
		}
	}
}

// TestAgreesOnNesting compares how both parsers nest operators, by the text of the outermost one's operands. Where PostgreSQL
// has other precedences (||, bit operators, IS, comparisons that do not chain) there is nothing to compare.
func TestAgreesOnNesting(t *testing.T) {
	if a, _ := pg.Fingerprint("select (a + b) * c"); a == "" {
		t.Fatal("no fingerprint")
	} else if b, _ := pg.Fingerprint("select a + b * c"); a == b {
		t.Fatal("the fingerprint does not tell nestings apart")
	}
	exprs := []string{
		"a or b and c", "a and b or c", "not a = b", "not a and b", "a + b * c", "a * b + c", "a - b - c", "a / b * c", "a % b - c",
		"a = b + c", "a < b * c and d", "-a + b", "- a * b", "a between b and c and d", "a in (b) or c", "a is null and b",
		"a + b is null", "a like b and c", "not a in (b)", "a::int + b", "a + b::int", "a[1] + b", "a + b between c and d",
	}
	for _, e := range exprs {
		q, faults := parse("select " + e)
		if q == nil {
			t.Fatalf("%s: %s", e, faults)
		}
		ours := parenthesize(q.Body.(*Select).Items[0].(*ExprItem).Expr)
		a, err := pg.Fingerprint("select " + e)
		if err != nil {
			t.Fatal(err)
		}
		b, err := pg.Fingerprint("select " + ours)
		if err != nil {
			t.Fatalf("%s: %v", ours, err)
		}
		if a != b {
			t.Errorf("%s: we read %s, PostgreSQL does not", e, ours)
		}
	}
}

// parenthesize prints e with parentheses around every operator, so that any precedence reads it the same.
func parenthesize(e Expr) string {
	text := e.Span().Text()
	at := e.Span().Start
	out, from := "", 0
	children(e, func(n Node) {
		child, ok := n.(Expr)
		if !ok {
			return
		}
		s := child.Span()
		out += text[from:s.Start-at] + parenthesize(child)
		from = s.End - at
	})
	switch e.(type) {
	case *ColumnRef, *Literal:
		return text
	}
	return "(" + out + text[from:] + ")"
}
