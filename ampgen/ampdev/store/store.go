// Package store keeps the rows of the canonical chain in DuckDB and runs queries over them.
//
// There is one copy of the rows, in evm-rpc layout with a few columns more. The tables of the two kinds of datasets that
// ampdev serves are views of it, in a schema per kind. What evm-rpc data does not hold is made up for firehose tables, always
// the same for one row: v follows from type, chain id and parity; return_data is empty and public_key 64 zero bytes; ordinals
// count in transaction order; calls has the one outermost call of each transaction; status is 1 or, for failures, 2.
//
// Orphaned blocks leave no rows: what a reader of a dead branch needs is their headers, which package chain keeps.
package store

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/internal/catalog"
)

// Store is a database. Writes are serialised; reads run beside them, each on its own snapshot.
type Store struct {
	db *duck.DB

	mu     sync.Mutex // guards writer
	writer *duck.Conn

	functions  sync.Mutex // guards registered
	registered map[string]bool
}

// Open opens the database file at path, or an in-memory database if path is empty.
func Open(ctx context.Context, path string) (*Store, error) {
	db, err := duck.Open(path)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, registered: map[string]bool{}}
	if s.writer, err = db.Connect(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if err := s.writer.Exec(ctx, ddl()); err != nil {
		s.Close()
		return nil, fmt.Errorf("create the tables: %w", err)
	}
	return s, nil
}

// Close closes the database. No snapshot may be open.
func (s *Store) Close() {
	s.writer.Close()
	s.db.Close()
}

// Schema is the DuckDB schema with the views of a kind of datasets; ok is false for kinds that the store does not have.
func Schema(kind catalog.Kind) (name string, ok bool) {
	switch kind {
	case catalog.EVMRPC:
		return "evm_rpc", true
	case catalog.Firehose:
		return "firehose", true
	}
	return "", false
}

// The table schemas come from the catalog, by its naming convention.
var (
	rpc      = catalog.Conventional("_rpc")
	firehose = catalog.Conventional("_firehose")
)

// stored is the schema of a table of the one copy: the evm-rpc table without _block_num, and for transactions the gas used
// by this and all earlier transactions of the block. Timestamps have no zone: DuckDB would drop their nanoseconds.
func stored(table string) *arrow.Schema {
	var fields []arrow.Field
	for _, f := range rpc.Table(table).Schema.Fields()[1:] {
		if f.Type.ID() == arrow.TIMESTAMP {
			f.Type = &arrow.TimestampType{Unit: arrow.Nanosecond}
		}
		fields = append(fields, f)
	}
	if table == "transactions" {
		fields = append(fields, arrow.Field{Name: cumulative, Type: arrow.PrimitiveTypes.Uint64})
	}
	return arrow.NewSchema(fields, nil)
}

const cumulative = "cumulative_gas_used"

// tables are the stored tables.
var tables = []string{"blocks", "transactions", "logs"}

func ddl() string {
	var b strings.Builder
	b.WriteString("CREATE SCHEMA IF NOT EXISTS raw; CREATE SCHEMA IF NOT EXISTS evm_rpc; CREATE SCHEMA IF NOT EXISTS firehose;\n")
	for _, name := range tables {
		var columns []string
		for _, f := range stored(name).Fields() {
			t, err := duck.TypeName(f.Type)
			if err != nil {
				panic("ampdev/store: a built-in table has a column of unknown type: " + err.Error())
			}
			columns = append(columns, duck.Quote(f.Name)+" "+t)
		}
		fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS raw.%s (%s);\n", name, strings.Join(columns, ","))
	}
	for schema, dataset := range map[string]*catalog.Dataset{"evm_rpc": rpc, "firehose": firehose} {
		for _, t := range dataset.Tables {
			fmt.Fprintf(&b, "CREATE OR REPLACE VIEW %s.%s AS %s;\n", schema, t.Name, viewQuery(schema, t))
		}
	}
	return b.String()
}

// viewQuery selects the columns of a dataset's table from the stored ones.
func viewQuery(schema string, t *catalog.Table) string {
	from, made := t.Name, map[string]string{"_block_num": "block_num"}
	switch {
	case schema == "evm_rpc" && t.Name == "transactions":
		made["gas_used"] = cumulative
	case schema == "firehose" && t.Name == "transactions":
		for column, expr := range firehoseTransaction {
			made[column] = expr
		}
	case schema == "firehose" && t.Name == "calls":
		from = "transactions"
		for column, expr := range firehoseCall {
			made[column] = expr
		}
	}
	var columns []string
	for _, f := range t.Schema.Fields() {
		if expr, ok := made[f.Name]; ok {
			columns = append(columns, expr+" AS "+duck.Quote(f.Name))
		} else {
			columns = append(columns, duck.Quote(f.Name))
		}
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM raw." + from
}

// What firehose tables have and the stored ones do not, as expressions over the stored transactions.
var (
	firehoseTransaction = map[string]string{
		"v":             `unhex(printf('%02x', CASE WHEN type <> 0 THEN v_parity::INTEGER WHEN chain_id IS NULL THEN 27 + v_parity::INTEGER ELSE (35 + v_parity::INTEGER + 2 * chain_id) % 256 END::INTEGER))`,
		"status":        `CASE WHEN status THEN 1 ELSE 2 END::INTEGER`,
		"return_data":   `''::BLOB`,
		"public_key":    `unhex(repeat('00', 64))`,
		"begin_ordinal": `(2 * tx_index)::UBIGINT`,
		"end_ordinal":   `(2 * tx_index + 1)::UBIGINT`,
	}
	firehoseCall = map[string]string{
		"index":         `1::UINTEGER`,
		"parent_index":  `0::UINTEGER`,
		"depth":         `0::UINTEGER`,
		"call_type":     `CASE WHEN "to" IS NULL THEN 5 ELSE 1 END::INTEGER`,
		"caller":        `"from"`,
		"address":       `coalesce("to", unhex(left(hex(tx_hash), 40)))`,
		"value":         `TRY_CAST(value AS DECIMAL(38,0))`,
		"gas_consumed":  `gas_used`,
		"return_data":   `''::BLOB`,
		"selfdestruct":  `false`,
		"executed_code": `octet_length(input) > 0`,
		"begin_ordinal": `(2 * tx_index)::UBIGINT`,
		"end_ordinal":   `(2 * tx_index + 1)::UBIGINT`,
	}
)

// Headers returns the headers of the stored blocks, by number.
func (s *Store) Headers(ctx context.Context) ([]chain.Block, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
		{Name: "hash", Type: &arrow.FixedSizeBinaryType{ByteWidth: 32}},
		{Name: "parent_hash", Type: &arrow.FixedSizeBinaryType{ByteWidth: 32}},
		{Name: "time", Type: arrow.PrimitiveTypes.Int64},
	}, nil)
	var out []chain.Block
	err := s.writer.Query(ctx, `SELECT block_num, hash, parent_hash, epoch_ns(timestamp) // 1000000000 FROM raw.blocks ORDER BY block_num`,
		schema, 0, func(batch arrow.RecordBatch) error {
			out = append(out, headers(batch)...)
			return nil
		})
	return out, err
}

// Snapshot is one state of the tables: what is written later is not seen. It is for one goroutine at a time.
type Snapshot struct{ *duck.Conn }

// Snapshot opens a snapshot of the present state. Closing its connection ends it.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	c, err := s.db.Connect(ctx)
	if err != nil {
		return nil, err
	}
	// A transaction of DuckDB sees the state at its first statement that reads.
	if err := c.Exec(ctx, "BEGIN TRANSACTION READ ONLY; SELECT count(*) FROM raw.blocks WHERE false"); err != nil {
		c.Close()
		return nil, err
	}
	return &Snapshot{c}, nil
}

// Register makes a function known to the snapshots that are taken from now on. A name that is known already stands for the same
// function.
func (s *Store) Register(ctx context.Context, f duck.Function) error {
	s.functions.Lock()
	defer s.functions.Unlock()
	if s.registered[f.Name] {
		return nil
	}
	c, err := s.db.Connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Register(f); err != nil {
		return err
	}
	s.registered[f.Name] = true
	return nil
}
