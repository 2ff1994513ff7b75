package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ampgen/ampgen/benchmarks/transfers"
	erc20transfers "github.com/ampgen/ampgen/generated/erc20_transfers"
	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/pgcopy"
	"github.com/ampgen/ampgen/sinks/postgres"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// bench is a server with a table, and the rows to load into it in the forms that the ways to load need.
type bench struct {
	server *pgtest.Server
	url    string
	table  runtime.Table
	unit   runtime.Unit
	rows   int
	source []arrow.RecordBatch
	file   string // the rows as a ready COPY file
}

// way is a way to load all rows into the empty table. It returns how long that took, without preparation.
type way struct {
	name string
	load func(ctx context.Context) (time.Duration, error)
}

// ways are the loads that are compared; the first is the measure of the others.
func (b *bench) ways() []way {
	return []way{
		{`psql \copy … BINARY, ready file`, b.psql},
		{"ampgen's sink, rows + state", b.sink},
		{"pgx.CopyFrom", b.copyFrom},
	}
}

// newBench starts a server and writes the ready file. close ends both.
func newBench(ctx context.Context, rows int, key bool) (*bench, error) {
	server, err := pgtest.Start(ctx)
	if err != nil {
		return nil, err
	}
	b := &bench{server: server, url: server.SocketURL("postgres"), table: erc20transfers.PostgresTable(), rows: rows}
	if !key {
		b.table.Key, b.table.Block = nil, ""
	}
	b.source = transfers.Batches(rows, b.table.Schema)
	b.unit = runtime.Unit{Ranges: []runtime.Range{{Network: "mainnet", Start: 17_686_110, End: 17_786_110, Hash: "0x00"}}}
	b.file = filepath.Join(server.Dir, "rows.pgcopy")
	if err := b.writeFile(); err != nil {
		server.Stop()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() { b.server.Stop() }

func (b *bench) writeFile() (err error) {
	f, err := os.Create(b.file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	tail, err := b.tail()
	if err != nil {
		return err
	}
	encoder, buf := erc20transfers.NewPostgresEncoder(), pgcopy.AppendHeader(nil)
	for _, rows := range b.source {
		if err := encoder.Bind(rows); err != nil {
			return err
		}
		if buf, err = encoder.AppendRows(buf, 0, int(rows.NumRows()), tail); err != nil {
			return err
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		buf = buf[:0]
	}
	if _, err := w.Write(pgcopy.AppendTrailer(buf)); err != nil {
		return err
	}
	return w.Flush()
}

func (b *bench) tail() (pgcopy.Tail, error) {
	id, err := pgcopy.AppendText(nil, b.unit.ID())
	return pgcopy.Tail{Fields: 1, Bytes: id}, err
}

// empty makes the table new, and has the server write to disk what the load before left to be written.
func (b *bench) empty(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	text, err := ddl.Create(ddl.Table{Name: b.table.Name, Schema: b.table.Schema, Block: b.table.Block, Key: b.table.Key, Batch: b.table.Block == ""})
	if err != nil {
		return err
	}
	drop := fmt.Sprintf("DROP TABLE IF EXISTS %s, amp_stream_state, amp_stream_fence;", ddl.QuoteName(b.table.Name))
	if _, err := conn.PgConn().Exec(ctx, drop+text).ReadAll(); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CHECKPOINT")
	return err
}

// contents is a digest of the table, to see that all ways load the same.
func (b *bench) contents(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, b.url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	var digest string
	err = conn.QueryRow(ctx, fmt.Sprintf("SELECT count(*) || ' ' || sum(hashtextextended(t::text, 0)) FROM %s t", ddl.QuoteName(b.table.Name))).Scan(&digest)
	return digest, err
}

// sink loads by the sink of the loaders, state and fence check included.
func (b *bench) sink(ctx context.Context) (time.Duration, error) {
	s, err := postgres.Open(ctx, postgres.Config{URL: b.url, NewEncoder: erc20transfers.NewPostgresEncoder})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if err := s.Prepare(ctx, &b.table); err != nil {
		return 0, err
	}
	start := time.Now()
	tx, err := s.Begin(ctx, b.unit)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback(ctx)
	for _, rows := range b.source {
		if err := tx.Write(ctx, rows); err != nil {
			return 0, err
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return 0, err
	}
	return time.Since(start), nil
}

var psqlTime = regexp.MustCompile(`Time: ([0-9.]+) ms`)

// psql loads the ready file by PostgreSQL's own client. The time is psql's, without its start.
func (b *bench) psql(ctx context.Context) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(b.server.Bin, "psql"), "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", b.url)
	cmd.Stdin = strings.NewReader(fmt.Sprintf("\\timing on\n\\copy %s FROM '%s' WITH (FORMAT binary)\n", ddl.QuoteName(b.table.Name), b.file))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("psql: %w\n%s", err, out)
	}
	m := psqlTime.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("psql told no time:\n%s", bytes.TrimSpace(out))
	}
	ms, err := strconv.ParseFloat(string(m[1]), 64)
	return time.Duration(ms * float64(time.Millisecond)), err
}

// copyFrom loads by pgx's own way, which takes each row as a slice of values.
func (b *bench) copyFrom(ctx context.Context) (time.Duration, error) {
	conn, err := pgx.Connect(ctx, b.url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	names := []string{}
	for _, f := range b.table.Schema.Fields() {
		names = append(names, f.Name)
	}
	start := time.Now()
	source := &valueSource{batches: b.source, values: make([]any, len(names)+1)}
	source.values[len(names)] = b.unit.ID()
	n, err := conn.CopyFrom(ctx, pgx.Identifier{b.table.Name}, append(names, ddl.BatchColumn), source)
	if err == nil && n != int64(b.rows) {
		err = fmt.Errorf("pgx copied %d of %d rows", n, b.rows)
	}
	return time.Since(start), err
}

// valueSource gives the rows of record batches as values, as a loader on pgx.CopyFrom would.
type valueSource struct {
	batches []arrow.RecordBatch
	row     int
	next    int // the row after row
	values  []any
}

func (s *valueSource) Next() bool {
	for len(s.batches) > 0 && s.next == int(s.batches[0].NumRows()) {
		s.batches, s.next = s.batches[1:], 0
	}
	s.row = s.next
	s.next++
	return len(s.batches) > 0
}

func (s *valueSource) Err() error { return nil }

func (s *valueSource) Values() ([]any, error) {
	for c, column := range s.batches[0].Columns() {
		s.values[c] = value(column, s.row)
	}
	return s.values, nil
}

func value(column arrow.Array, row int) any {
	if column.IsNull(row) {
		return nil
	}
	switch a := column.(type) {
	case *array.Uint64:
		return pgtype.Numeric{Int: new(big.Int).SetUint64(a.Value(row)), Valid: true}
	case *array.Uint32:
		return int64(a.Value(row))
	case *array.Int64:
		return a.Value(row)
	case *array.Timestamp:
		return a.Value(row).ToTime(arrow.Nanosecond)
	case *array.FixedSizeBinary:
		return a.Value(row)
	case *array.String:
		// Of the text columns only the amounts begin with a digit.
		if text := a.Value(row); text[0] < '0' || text[0] > '9' {
			return text
		} else if v, ok := new(big.Int).SetString(text, 10); ok {
			return pgtype.Numeric{Int: v, Valid: true}
		}
	}
	return fmt.Errorf("no value of %s", column.DataType())
}
