// Package labeltest checks that a label as compiled into a pipeline joins to its query. Generated tests are its only users.
package labeltest

import (
	"encoding/csv"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/runtime/labels"
)

// Join writes a CSV of one line, whose key is that of some of rows, and joins it: rows with the key have the label's cells, all
// others have nulls or are dropped, as spec says. Rows are a batch of the query's schema, with more than one key in it.
func Join(t *testing.T, spec labels.Spec, rows arrow.RecordBatch) {
	at := rows.Schema().FieldIndices(spec.On)
	if len(at) != 1 {
		t.Fatalf("the query has no column %q", spec.On)
	}
	keys := rows.Column(at[0])
	key := someKey(t, spec, keys)
	columns, n := join(t, spec, rows, key)

	var want []bool // for each row of the result, whether it has the label
	for i := range keys.Len() {
		matches := keys.IsValid(i) && cell(keys, i) == key
		if matches || spec.Join == labels.Left {
			want = append(want, matches)
		}
	}
	if n != int64(len(want)) {
		t.Fatalf("%d rows became %d, not %d", rows.NumRows(), n, len(want))
	}
	for c, column := range columns[rows.NumCols():] {
		for i, matches := range want {
			if column.IsValid(i) != matches {
				t.Errorf("row %d, label column %s: valid is %t, and the key matches is %t", i, spec.Columns[c].Field.Name, column.IsValid(i), matches)
			}
		}
	}
}

// join loads a label of one line and joins it to rows.
func join(t *testing.T, spec labels.Spec, rows arrow.RecordBatch, key string) ([]arrow.Array, int64) {
	path := filepath.Join(t.TempDir(), "label.csv")
	if err := os.WriteFile(path, []byte(oneLine(spec, key)), 0o644); err != nil {
		t.Fatal(err)
	}
	table, err := labels.Load(spec, path)
	if err != nil {
		t.Fatal(err)
	}
	joiner, err := labels.NewJoiner(rows.Schema(), []*labels.Table{table})
	if err != nil {
		t.Fatal(err)
	}
	columns, n, err := joiner.Join(rows)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, c := range columns {
			c.Release()
		}
	})
	return columns, n
}

// someKey is a key among keys, not one of the bounds in the first rows. A negative number would not fit an unsigned key, and
// random text is no hex, so where addresses are looked up by their text no row matches.
func someKey(t *testing.T, spec labels.Spec, keys arrow.Array) string {
	if key, ok := spec.KeyType.(*arrow.FixedSizeBinaryType); ok && !arrow.TypeEqual(key, keys.DataType()) {
		return "0x" + strings.Repeat("00", key.ByteWidth)
	}
	for i := keys.Len() - 1; i >= 0; i-- {
		if keys.IsValid(i) && !strings.HasPrefix(cell(keys, i), "-") {
			return cell(keys, i)
		}
	}
	t.Fatalf("none of %d rows has a key", keys.Len())
	return ""
}

// cell is the text of value i in a CSV.
func cell(a arrow.Array, i int) string {
	if a, ok := a.(*array.FixedSizeBinary); ok {
		return "0x" + hex.EncodeToString(a.Value(i))
	}
	return a.ValueStr(i)
}

// oneLine is a CSV with spec's header and one line with key.
func oneLine(spec labels.Spec, key string) string {
	line := make([]string, len(spec.Header))
	for i, name := range spec.Header {
		line[i] = "unused"
		if name == spec.Key {
			line[i] = key
		}
		for _, c := range spec.Columns {
			if c.CSV == name && name != spec.Key {
				line[i] = someCell(c.Field.Type)
			}
		}
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll([][]string{spec.Header, line}); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	return b.String()
}

// someCell is a cell that has a type.
func someCell(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.BooleanType:
		return "true"
	case *arrow.FixedSizeBinaryType:
		return "0x" + strings.Repeat("ab", t.ByteWidth)
	case *arrow.TimestampType:
		return "2020-02-29T12:00:00Z"
	case *arrow.Date32Type:
		return "2020-02-29"
	}
	return "7" // a number of any type, and text
}
