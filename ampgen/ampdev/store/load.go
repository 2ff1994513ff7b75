package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
)

// Load adds the rows of the files in folder, in one transaction. For each of blocks, transactions and logs there is
// name.jsonl, name.jsonl.gz, name.parquet, or a folder of that name with Parquet files; blocks must exist.
//
// Columns have Amp's names. Parquet files have Amp's types; in JSON lines binary is 0x and hexadecimal digits, decimals are
// text, timestamps RFC 3339. Columns that the tables do not have are skipped, and nullable ones may be absent. Transactions
// may be in either layout: those with a column v are firehose's. In the evm-rpc layout gas_used counts up within the block, as
// Amp serves it, unless a column _cumulative_gas_used says that it does not.
func (s *Store) Load(ctx context.Context, folder string) error {
	return s.write(ctx, func() error {
		for _, table := range tables {
			source, err := fileSource(folder, table)
			if errors.Is(err, fs.ErrNotExist) && table != "blocks" {
				continue
			}
			if err != nil {
				return fmt.Errorf("load %s: %w", table, err)
			}
			if err := s.load(ctx, table, source); err != nil {
				return fmt.Errorf("load %s from %s: %w", table, folder, err)
			}
		}
		return nil
	})
}

// files are the files of a table.
type files struct {
	pattern string
	json    bool
}

// fileSource finds the files of a table.
func fileSource(folder, table string) (files, error) {
	for _, ending := range []string{".jsonl", ".jsonl.gz", ".parquet", ""} {
		path := filepath.Join(folder, table+ending)
		info, err := os.Stat(path)
		switch {
		case err != nil:
		case info.IsDir():
			return files{pattern: filepath.Join(path, "**", "*.parquet")}, nil
		case ending != "":
			return files{pattern: path, json: ending != ".parquet"}, nil
		}
	}
	return files{}, fmt.Errorf("%w: no %s.jsonl, .jsonl.gz, .parquet or folder of Parquet files in %s", fs.ErrNotExist, table, folder)
}

// scan is the table function that reads the files. JSON lines are read as text and, for lists, JSON: what columns there are
// is taken from present, or found out if that is nil.
func (f files) scan(present []string, schema *arrow.Schema) string {
	if !f.json {
		return "read_parquet(" + duck.Text(f.pattern) + ")"
	}
	if present == nil {
		return "read_json(" + duck.Text(f.pattern) + ", format = 'newline_delimited', sample_size = -1, maximum_depth = 1)"
	}
	var columns []string
	for _, name := range present {
		t := "VARCHAR"
		if i := schema.FieldIndices(name); i != nil && schema.Field(i[0]).Type.ID() == arrow.LIST {
			t = "JSON"
		}
		columns = append(columns, duck.Quote(name)+": "+duck.Text(t))
	}
	return "read_json(" + duck.Text(f.pattern) + ", format = 'newline_delimited', columns = {" + strings.Join(columns, ", ") + "})"
}

func (s *Store) load(ctx context.Context, table string, source files) error {
	schema := stored(table)
	present, err := s.columnsOf(ctx, source.scan(nil, schema))
	if err != nil {
		return err
	}
	var columns []string
	for _, f := range schema.Fields() {
		expr, err := loaded(f, present, source.json)
		if err != nil {
			return err
		}
		columns = append(columns, expr)
	}
	order := map[string]string{"blocks": "block_num", "transactions": "block_num, tx_index", "logs": "block_num, log_index"}
	return s.writer.Exec(ctx, fmt.Sprintf("INSERT INTO raw.%s SELECT %s FROM %s ORDER BY %s",
		table, strings.Join(columns, ", "), source.scan(present, schema), order[table]))
}

// columnsOf lists the columns of a table function.
func (s *Store) columnsOf(ctx context.Context, scan string) ([]string, error) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "column_name", Type: arrow.BinaryTypes.String}}, nil)
	var out []string
	err := s.writer.Query(ctx, "SELECT column_name FROM (DESCRIBE SELECT * FROM "+scan+")", schema, 0, func(batch arrow.RecordBatch) error {
		names := batch.Column(0).(*array.String)
		for i := range names.Len() {
			out = append(out, strings.Clone(names.Value(i)))
		}
		return nil
	})
	return out, err
}

// loaded is the expression over a file's columns that gives the stored column f.
func loaded(f arrow.Field, present []string, json bool) (string, error) {
	has := func(name string) bool { return slices.Contains(present, name) }
	read := func(name string, t arrow.DataType) string { return convert(duck.Quote(name), t, json) }
	fromFirehose := has("v")
	u64, binary := arrow.PrimitiveTypes.Uint64, arrow.BinaryTypes.Binary
	v := "(('0x' || hex(" + read("v", binary) + "))::BIGINT)"
	running := "(sum(%s) OVER (PARTITION BY block_num ORDER BY tx_index))::UBIGINT"
	switch {
	case f.Name == cumulative && has("_cumulative_gas_used"):
		return read("_cumulative_gas_used", u64), nil
	case f.Name == cumulative && fromFirehose:
		return fmt.Sprintf(running, read("gas_used", u64)), nil
	case f.Name == cumulative:
		return read("gas_used", u64), nil
	case f.Name == "gas_used" && has("tx_index") && !fromFirehose && !has("_cumulative_gas_used"):
		own := read("gas_used", u64)
		return fmt.Sprintf("%s - lag(%s, 1, 0) OVER (PARTITION BY block_num ORDER BY tx_index)", own, own), nil
	case f.Name == "v_parity" && fromFirehose:
		// v is 0 or 1; 27 or 28; or 35 or 36 and twice the chain id: odd numbers from 27 on are parity 0
		return fmt.Sprintf("CASE WHEN %[1]s < 2 THEN %[1]s = 1 ELSE %[1]s %% 2 = 0 END", v), nil
	case f.Name == "chain_id" && fromFirehose:
		return fmt.Sprintf("CASE WHEN %[1]s >= 35 THEN (%[1]s - 35) // 2 END", v), nil
	case f.Name == "status" && fromFirehose:
		return "status = 1", nil
	case !has(f.Name) && f.Nullable:
		return "NULL", nil
	case !has(f.Name):
		return "", fmt.Errorf("there is no column %s", f.Name)
	}
	return read(f.Name, f.Type), nil
}

// convert is the expression that makes the DuckDB value of a column from that of a file.
func convert(column string, t arrow.DataType, json bool) string {
	target, err := duck.TypeName(t)
	if err != nil {
		panic("ampdev/store: a built-in table has a column of unknown type: " + err.Error())
	}
	if !json {
		return "CAST(" + column + " AS " + target + ")"
	}
	if t.ID() == arrow.LIST {
		column = "json_transform(" + column + ", " + duck.Text(jsonShape(t)) + ")"
	}
	return convertJSON(column, t)
}

// jsonShape is the structure that a column's JSON is read into: text for whatever JSON has no type for.
func jsonShape(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.ListType:
		return "[" + jsonShape(t.Elem()) + "]"
	case *arrow.StructType:
		var fields []string
		for _, f := range t.Fields() {
			fields = append(fields, `"`+f.Name+`":`+jsonShape(f.Type))
		}
		return "{" + strings.Join(fields, ",") + "}"
	case *arrow.FixedSizeBinaryType, *arrow.BinaryType, *arrow.Decimal128Type, *arrow.TimestampType, *arrow.StringType:
		return `"VARCHAR"`
	}
	name, _ := duck.TypeName(t)
	return `"` + name + `"`
}

// convertJSON is the DuckDB value of type t of expr, which has the type of jsonShape(t), or is text.
func convertJSON(expr string, t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.FixedSizeBinaryType, *arrow.BinaryType:
		return "unhex(substr(" + expr + ", 3))"
	case *arrow.TimestampType:
		return "CAST(rtrim(" + expr + ", 'Z') AS TIMESTAMP_NS)"
	case *arrow.ListType:
		return "list_transform(" + expr + ", lambda x : " + convertJSON("x", t.Elem()) + ")"
	case *arrow.StructType:
		var fields []string
		for _, f := range t.Fields() {
			fields = append(fields, duck.Quote(f.Name)+" := "+convertJSON(expr+"."+duck.Quote(f.Name), f.Type))
		}
		return "struct_pack(" + strings.Join(fields, ", ") + ")"
	}
	name, _ := duck.TypeName(t)
	return "CAST(" + expr + " AS " + name + ")"
}
