package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	erc20transfers "github.com/ampgen/ampgen/generated/erc20_transfers"
	"github.com/ampgen/ampgen/runtime/amp"
)

// null stands for NULL in a row of text.
const null = "NULL"

// compareBlocks is how many blocks are compared at a time, which bounds the memory.
const compareBlocks = 100

// compare holds the table against what the server answers for the query, in the columns that come from the server. It returns the
// number of rows.
func (s *scene) compare(ctx context.Context) (rows int, err error) {
	client, err := amp.Dial(amp.Config{Server: s.chain.URL})
	if err != nil {
		return 0, err
	}
	defer client.Close()
	for from := s.chain.First().Number; from <= s.chain.Tip().Number; from += compareBlocks {
		want, err := answer(ctx, client, from, from+compareBlocks-1)
		if err != nil {
			return rows, err
		}
		got, err := s.table(ctx, from, from+compareBlocks-1)
		if err != nil {
			return rows, err
		}
		slices.Sort(want)
		slices.Sort(got)
		if i := firstDifference(got, want); i >= 0 {
			return rows, fmt.Errorf("blocks from %d on: the table has %d rows and the server %d; the first difference is\n table %s\nserver %s",
				from, len(got), len(want), at(got, i), at(want, i))
		}
		rows += len(got)
	}
	all := 0
	if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM erc20_transfers").Scan(&all); err != nil {
		return rows, err
	}
	if all != rows {
		return rows, fmt.Errorf("the table has %d rows, of which %d are of the chain's blocks", all, rows)
	}
	return rows, nil
}

func firstDifference(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if at(a, i) != at(b, i) {
			return i
		}
	}
	return -1
}

func at(rows []string, i int) string {
	if i < len(rows) {
		return rows[i]
	}
	return "no row"
}

// answer is the server's rows of blocks, each as a line of text.
func answer(ctx context.Context, client *amp.Client, from, to uint64) ([]string, error) {
	stream, err := client.Open(ctx, amp.Request{SQL: fmt.Sprintf("SELECT * FROM (\n%s\n) AS q WHERE block_num >= %d AND block_num <= %d", erc20transfers.SQL, from, to)})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var out []string
	for {
		m, err := stream.Next(ctx)
		if err != nil {
			return nil, err
		}
		if m.Record != nil {
			for i := range int(m.Record.NumRows()) {
				out = append(out, line(m.Record, i))
			}
			m.Record.Release()
		}
		if m.Complete {
			return out, nil
		}
	}
}

// line writes one row.
func line(rows arrow.RecordBatch, i int) string {
	values := make([]string, rows.NumCols())
	for c, column := range rows.Columns() {
		switch column := column.(type) {
		case *array.FixedSizeBinary:
			values[c] = "0x" + hex.EncodeToString(column.Value(i))
		case *array.Timestamp:
			values[c] = strconv.FormatInt(int64(column.Value(i)), 10)
		default:
			values[c] = column.ValueStr(i)
		}
		if column.IsNull(i) {
			values[c] = null
		}
	}
	return strings.Join(values, " ")
}

// table is the table's rows of blocks, in the same form.
func (s *scene) table(ctx context.Context, from, to uint64) ([]string, error) {
	var columns []string
	for _, f := range erc20transfers.QuerySchema.Fields() {
		form := "%s::text"
		switch f.Type.ID() {
		case arrow.FIXED_SIZE_BINARY:
			form = "'0x' || encode(%s, 'hex')"
		case arrow.TIMESTAMP:
			form = "(extract(epoch FROM %s) * 1000000000)::numeric(20, 0)::text"
		}
		columns = append(columns, fmt.Sprintf("coalesce("+form+", '"+null+"')", f.Name))
	}
	rows, err := s.db.QueryContext(ctx, "SELECT concat_ws(' ', "+strings.Join(columns, ", ")+") FROM erc20_transfers WHERE block_num >= $1::numeric AND block_num <= $2::numeric",
		strconv.FormatUint(from, 10), strconv.FormatUint(to, 10))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var row string
		if err := rows.Scan(&row); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}
