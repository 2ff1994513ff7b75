package transpile

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

func table(dataset, name string) (Table, error) {
	d := catalog.Conventional(dataset)
	if d == nil || d.Table(name) == nil {
		return Table{}, fmt.Errorf("there is no table %s.%s", dataset, name)
	}
	return Table{View: dataset + "." + name, Schema: d.Table(name).Schema}, nil
}

// write transpiles a query with columns of the given types.
func write(t *testing.T, text string, stream *Blocks, types ...arrow.DataType) (*Statement, error) {
	t.Helper()
	file := source.New("q", text)
	var diags diag.List
	q := sql.Parse(file, 0, len(text), &diags)
	if q == nil {
		t.Fatalf("%s: %v", text, diags.Sorted())
	}
	return Query(q, Options{Table: table, Output: types, Stream: stream})
}

var u64 = arrow.PrimitiveTypes.Uint64

func TestBatch(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"select block_num from eth_rpc.blocks",
			`SELECT CAST(c0 AS UBIGINT) FROM (SELECT "block_num" AS "block_num" FROM eth_rpc.blocks AS "blocks") AS q(c0)`},
		{"select B.Block_Num x from eth_rpc.blocks b where eth_rpc.blocks.hash = x'AB' order by x desc limit 3",
			`SELECT CAST(c0 AS UBIGINT) FROM (SELECT "b"."block_num" AS "x" FROM eth_rpc.blocks AS "b" WHERE (("eth_rpc"."blocks"."hash" = unhex('AB'))) ORDER BY "x" DESC NULLS FIRST LIMIT 3) AS q(c0)`},
		{"select eth_rpc.blocks.block_num from eth_rpc.blocks",
			`SELECT CAST(c0 AS UBIGINT) FROM (SELECT "blocks"."block_num" AS "block_num" FROM eth_rpc.blocks AS "blocks") AS q(c0)`},
		{"select count(*) filter (where 1.5 > 1) as n from eth_rpc.logs group by rollup (address)",
			`SELECT CAST(c0 AS UBIGINT) FROM (SELECT count(*) FILTER (WHERE (CAST(1.5 AS DOUBLE) > 1)) AS "n" FROM eth_rpc.logs AS "logs" GROUP BY ROLLUP ("address")) AS q(c0)`},
		{"select l.* except (data) from eth_rpc.logs l right semi join eth_rpc.blocks b using (block_num)",
			`SELECT CAST(c0 AS UBIGINT) FROM (SELECT "l".* EXCLUDE ("data") FROM eth_rpc.blocks AS "b" SEMI JOIN eth_rpc.logs AS "l" USING ("block_num")) AS q(c0)`},
	} {
		got, err := write(t, tt.sql, nil, u64)
		if err != nil || got.SQL != tt.want {
			t.Errorf("%s\n got %v %v\nwant %s", tt.sql, got, err, tt.want)
		}
	}
}

// A stream carries the block number of each row, restricts tables to the microbatch and sorts.
func TestStream(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"select * from eth_rpc.blocks",
			`SELECT * EXCLUDE ("#block1"), "#block1" AS "#block" FROM ` +
				`(SELECT *, "_block_num" AS "#block1" FROM eth_rpc.blocks WHERE "_block_num" >= 5 AND "_block_num" <= 9) AS "blocks"`},
		{"select block_num() as b from eth_rpc.blocks b join eth_rpc.logs l on b.hash = l.block_hash",
			`SELECT greatest("#block1", "#block2") AS "b", greatest("#block1", "#block2") AS "#block" FROM ` +
				`(SELECT *, "_block_num" AS "#block1" FROM eth_rpc.blocks WHERE "_block_num" <= 9) AS "b" INNER JOIN ` +
				`(SELECT *, "_block_num" AS "#block2" FROM eth_rpc.logs WHERE "_block_num" <= 9) AS "l" ` +
				`ON ("b"."hash" = "l"."block_hash") WHERE greatest("#block1", "#block2") >= 5`},
		{"select b.block_num from eth_rpc.blocks b join eth_rpc.logs l on b.block_num = l.block_num",
			`SELECT "b"."block_num" AS "block_num", greatest("#block1", "#block2") AS "#block" FROM ` +
				`(SELECT *, "_block_num" AS "#block1" FROM eth_rpc.blocks WHERE "_block_num" >= 5 AND "_block_num" <= 9) AS "b" INNER JOIN ` +
				`(SELECT *, "_block_num" AS "#block2" FROM eth_rpc.logs WHERE "_block_num" >= 5 AND "_block_num" <= 9) AS "l" ` +
				`ON ("b"."block_num" = "l"."block_num") WHERE greatest("#block1", "#block2") >= 5`},
		{"select block_num() as b from eth_rpc.logs group by block_num()",
			`SELECT "#block1" AS "b", min("#block1") AS "#block" FROM ` +
				`(SELECT *, "_block_num" AS "#block1" FROM eth_rpc.logs WHERE "_block_num" >= 5 AND "_block_num" <= 9) AS "logs" GROUP BY "#block1"`},
		{"with x as (select block_num from eth_rpc.logs) select block_num from x union all values (1)",
			`WITH "x" AS (SELECT "block_num" AS "block_num", "#block1" AS "#block" FROM ` +
				`(SELECT *, "_block_num" AS "#block1" FROM eth_rpc.logs WHERE "_block_num" <= 9) AS "logs") ` +
				`(SELECT "block_num" AS "block_num", "#block2" AS "#block" FROM (SELECT * EXCLUDE ("#block"), "#block" AS "#block2" FROM "x" WHERE "#block" >= 5) AS "x") ` +
				`UNION ALL (SELECT *, 0::UBIGINT AS "#block" FROM (VALUES (1)) AS v(column1) WHERE 5 = 0)`},
	} {
		want := "SELECT CAST(c0 AS UBIGINT), b FROM (" + tt.want + ") AS q(c0, b) ORDER BY b"
		got, err := write(t, tt.sql, &Blocks{5, 9}, u64)
		if err != nil || got.SQL != want {
			t.Errorf("%s\n got %v %v\nwant %s", tt.sql, got, err, want)
		}
	}
}

func TestFunctionsAreMadePerSignature(t *testing.T) {
	got, err := write(t, `select evm_decode(topic1, null, null, data, 'A(uint8 a)')['a'] as a,
		evm_decode_log(topic1, null, null, data, 'A(uint8 a)')['a'] as b, shift_units('1', 2) as c,
		evm_decode_log(topic1, topic2, topic3, data, 'B()') as d from eth_rpc.logs`, nil, u64, u64, u64, u64)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range got.Functions {
		names = append(names, f.Name)
	}
	if len(names) != 2 || strings.Count(got.SQL, "(amp_decode_log_") != 2 || !strings.Contains(got.SQL, `NULL AS "d"`) {
		t.Errorf("functions %v in %s", names, got.SQL)
	}
}

func TestErrorsPointIntoTheQuery(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"select 1 as a,\n  soundex('x') as b", "line 2, column 3: the development server does not serve the function soundex"},
		{"select evm_topic('A(uint7 x)') as a", "line 1, column 8: "},
		{"select block_num() as b from eth_rpc.logs", "line 1, column 8: block_num() is for streams only"},
		{"select block_num / 2 as x from eth_rpc.logs", "line 1, column 8: the development server does not serve a division"},
		{"select a from other.logs", "line 1, column 15: there is no table other.logs"},
	} {
		_, err := write(t, tt.sql, nil, u64)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.sql, err, tt.want)
		}
	}
}
