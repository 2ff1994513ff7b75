package sinktest

import (
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
)

func testStateOfNothing(t *testing.T, h Harness) {
	table := events()
	s := h.Open(t, table)
	t.Cleanup(func() { check(t, s.Close()) })
	for range 2 {
		wantState(t, s, table)
		if epoch, holder := fenceOf(t, s, table); epoch != 0 || holder != "" {
			t.Errorf("fence %d is held by %q before anyone prepared", epoch, holder)
		}
	}
	_, err := s.Begin(t.Context(), unit(span("eth", 0, 9, "h9", "")))
	wantClass(t, "begin before prepare", err, runtime.Permanent)
	wantClass(t, "undo before prepare", s.Undo(t.Context(), runtime.Undo{Network: "eth"}), runtime.Permanent)
}

func testPrepareTwice(t *testing.T, h Harness) {
	table := events()
	first := prepared(t, h, table)
	r := span("eth", 0, 9, "h9", "")
	load(t, first, unit(r), rowsOf(0, 9, "a"))
	before, _ := fenceOf(t, first, table)

	check(t, first.Prepare(t.Context(), table))
	second := prepared(t, h, table)
	wantState(t, second, table, r)
	wantRows(t, h, table, rowsOf(0, 9, "a"))
	if after, holder := fenceOf(t, second, table); before != 1 || after != 3 || holder == "" {
		t.Errorf("fence went from %d to %d, held by %q; each Prepare takes one more", before, after, holder)
	}
}

func testDrift(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	load(t, s, unit(span("eth", 0, 9, "h9", "")), rowsOf(0, 9, "a"))
	before, _ := fenceOf(t, s, table)

	changed := events()
	changed.Schema = arrow.NewSchema([]arrow.Field{
		{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
		{Name: "log_index", Type: arrow.PrimitiveTypes.Uint32, Nullable: true},
		{Name: "name", Type: arrow.BinaryTypes.Binary, Nullable: true},
		{Name: "added", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	other := h.Open(t, changed)
	t.Cleanup(func() { check(t, other.Close()) })
	err := other.Prepare(t.Context(), changed)
	wantClass(t, "prepare with another schema", err, runtime.Drift)
	for _, column := range []string{"log_index", "name", "added"} {
		if err != nil && !strings.Contains(err.Error(), strconv.Quote(column)) {
			t.Errorf("column %s differs and is not in: %v", column, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), `"block_num"`) {
		t.Errorf("column block_num is the same and is in: %v", err)
	}
	fewer := events()
	fewer.Schema = arrow.NewSchema(fewer.Schema.Fields()[:2], nil)
	wantClass(t, "prepare without a column", other.Prepare(t.Context(), fewer), runtime.Drift)

	if after, _ := fenceOf(t, s, table); after != before {
		t.Errorf("fence went from %d to %d by a Prepare that failed", before, after)
	}
	load(t, s, unit(span("eth", 10, 19, "h19", "h9")), rowsOf(10, 19, "b"))
	wantRows(t, h, table, rowsOf(0, 9, "a"), rowsOf(10, 19, "b"))
}

// testCompare: what Prepare would do can be asked without doing it.
func testCompare(t *testing.T, h Harness) {
	table := events()
	s := h.Open(t, table)
	t.Cleanup(func() { check(t, s.Close()) })
	c, ok := s.(runtime.Comparer)
	if !ok {
		t.Skip("the sink does not compare")
	}
	compare := func(table *runtime.Table) string {
		t.Helper()
		lines, err := c.Compare(t.Context(), table)
		check(t, err)
		return strings.Join(lines, "\n")
	}
	for range 2 {
		if got := compare(table); !strings.Contains(got, "does not exist") || !strings.Contains(strings.ToLower(got), "log_index") {
			t.Errorf("before there is a table: %s", got)
		}
	}
	check(t, s.Prepare(t.Context(), table))
	if got := compare(table); got != "" {
		t.Errorf("of a table as it should be: %s", got)
	}
	changed := events()
	changed.Schema = arrow.NewSchema(append(changed.Schema.Fields(), arrow.Field{Name: "added", Type: arrow.BinaryTypes.String, Nullable: true}), nil)
	if got := compare(changed); got != `column "added" is missing` {
		t.Errorf("of a table without a column: %s", got)
	}
	if epoch, _ := fenceOf(t, s, table); epoch != 1 {
		t.Errorf("the fence is %d: a comparison took it", epoch)
	}
}

// testNames uses names that need quoting, for tables, for columns, and for columns of a key.
func testNames(t *testing.T, h Harness) {
	for _, name := range []string{"MixedCase", `we"ird`, "select", "two words", "analytics.Transfers", `an"alytics.order`, "it's"} {
		t.Run(name, func(t *testing.T) {
			table := events()
			fields := table.Schema.Fields()
			fields[0].Name, fields[1].Name, fields[2].Name = "Block Num", "order", `camelCase "from" 'to'`
			table.Name, table.Pipeline, table.Schema = name, `It's "`+name+`"`, arrow.NewSchema(fields, nil)
			table.Block, table.Key = "Block Num", []string{"order", "Block Num"}
			s := prepared(t, h, table)
			check(t, s.Prepare(t.Context(), table))
			rows := rowsOf(0, 9, `\N "quoted", 'too'`)
			r := span("eth'net\"", 0, 9, "h9", "")
			load(t, s, unit(r), withSchema(rows, table.Schema))
			wantRows(t, h, table, rows)
			wantState(t, s, table, r)
			check(t, s.Undo(t.Context(), runtime.Undo{Network: r.Network, From: 5, Hash: "h4"}))
			wantRows(t, h, table, rowsOf(0, 4, `\N "quoted", 'too'`))
		})
	}
}

func testTablesAreSeparate(t *testing.T, h Harness) {
	first, second := events(), events()
	second.Name = "events2"
	a, b := prepared(t, h, first), prepared(t, h, second)
	r := span("eth", 0, 9, "h9", "")
	load(t, a, unit(r), rowsOf(0, 9, "a"))
	wantState(t, b, second)
	load(t, b, unit(r), rowsOf(0, 9, "b"))
	check(t, a.Undo(t.Context(), runtime.Undo{Network: "eth", From: 0}))
	wantRows(t, h, first)
	wantState(t, a, first)
	wantRows(t, h, second, rowsOf(0, 9, "b"))
	wantState(t, b, second, r)
}
