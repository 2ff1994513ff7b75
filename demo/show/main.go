// Command show prints what the demo loaded: the busiest tokens and the latest transfers of a DuckDB file.
package main

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	_ "github.com/duckdb/duckdb-go/v2"
)

const topTokens = `
select coalesce(symbol, '(no label)') as symbol, '0x' || lower(hex(token_address)) as token, count(*) as transfers,
       count(distinct from_address) as senders, max(block_num) as last_block
from erc20_transfers group by all order by transfers desc, token limit 10`

const latest = `
select block_num, log_index, coalesce(symbol, '?') as symbol, '0x' || lower(hex(from_address)) as sender,
       '0x' || lower(hex(to_address)) as recipient, value::varchar as value
from erc20_transfers order by block_num desc, log_index desc limit 5`

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: show FILE.duckdb")
		os.Exit(2)
	}
	if err := show(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "show:", err)
		os.Exit(1)
	}
}

func show(path string) error {
	db, err := sql.Open("duckdb", path+"?access_mode=READ_ONLY")
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer db.Close()
	for _, q := range []struct{ title, sql string }{{"Top tokens by transfers", topTokens}, {"The latest transfers", latest}} {
		fmt.Printf("\n%s\n", q.title)
		if err := table(db, q.sql); err != nil {
			return err
		}
	}
	return nil
}

// table runs query and prints its rows in columns.
func table(db *sql.DB, query string) error {
	rows, err := db.Query(query)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(names, "\t"))
	cells := make([]any, len(names))
	text := make([]string, len(names))
	for i := range cells {
		cells[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(cells...); err != nil {
			return err
		}
		for i, c := range cells {
			text[i] = fmt.Sprint(*c.(*any))
		}
		fmt.Fprintln(w, strings.Join(text, "\t"))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return w.Flush()
}
