package emit

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/goname"
	"github.com/ampgen/ampgen/ampgen/internal/ir"
)

// importPath is where the test's pipelines are generated to.
const importPath = "example.com/project/generated"

var (
	u32, u64, i64, utf8Type = arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String

	address     = &arrow.FixedSizeBinaryType{ByteWidth: 20}
	hash32      = &arrow.FixedSizeBinaryType{ByteWidth: 32}
	timestamp64 = &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
)

// col is a column that is announced as it is.
func col(name string, t arrow.DataType, nullable bool) ir.Column {
	return ir.Column{Name: name, GoName: goname.Rules{}.Exported(name), Type: t, TypeText: coerce.Format(t), Nullable: nullable, Announced: nullable}
}

func logical(c ir.Column, kind string) ir.Column {
	c.Logical = kind
	return c
}

// transfers has scalars, nulls, a 256-bit value and a label: the shape of most pipelines.
func transfers() *ir.Pipeline {
	const sql = `select l.block_num, l.timestamp, l.tx_hash, l.log_index, l.address as token_address,
    d."from" as from_address,
    d."value" as value
from eth_rpc.logs l
settings stream = true;`
	return &ir.Pipeline{
		Name: "Erc20Transfers", Package: "erc20transfers", Folder: "erc20_transfers",
		Doc:  []string{"ERC-20 transfers with the token's symbol.", "", "Some contracts emit Transfer without indexed parameters."},
		File: "queries/erc20.sql", Line: 8, Mode: ir.Stream, SQL: sql, RangeSQL: strings.TrimSuffix(sql, "\nsettings stream = true;"),
		Tables: []string{"eth_rpc.logs"}, Block: "block_num", Key: []string{"block_num", "log_index"},
		Query: []ir.Column{
			col("block_num", u64, false), col("timestamp", timestamp64, false), col("tx_hash", hash32, false), col("log_index", u32, false),
			col("token_address", address, false), col("from_address", address, true), logical(col("value", utf8Type, true), "uint256"),
		},
		Labels: []ir.Label{{
			Name: "tokens", Path: "labels/tokens.csv", Key: "token_address", KeyType: address, On: "token_address", Join: "left",
			Header:  []string{"token_address", "symbol", "decimals"},
			Columns: []ir.LabelColumn{{CSV: "symbol", Column: col("symbol", utf8Type, true)}, {CSV: "decimals", Column: col("decimals", i64, true)}},
		}},
		Sinks: []ir.Sink{{Kind: "postgres", Table: "chain.erc20_transfers"}, {Kind: "duckdb", Table: "erc20_transfers"},
			{Kind: "snowflake", Table: "chain.public.erc20_transfers", History: true, Uint256: "binary"}},
	}
}

// everyType has a column of each type, each once with and once without nulls.
func everyType() *ir.Pipeline {
	types := []struct {
		name string
		typ  arrow.DataType
	}{
		{"bool", arrow.FixedWidthTypes.Boolean},
		{"int8", arrow.PrimitiveTypes.Int8}, {"int16", arrow.PrimitiveTypes.Int16}, {"int32", arrow.PrimitiveTypes.Int32}, {"int64", i64},
		{"uint8", arrow.PrimitiveTypes.Uint8}, {"uint16", arrow.PrimitiveTypes.Uint16}, {"uint32", u32}, {"uint64", u64},
		{"float16", arrow.FixedWidthTypes.Float16}, {"float32", arrow.PrimitiveTypes.Float32}, {"float64", arrow.PrimitiveTypes.Float64},
		{"decimal32", &arrow.Decimal32Type{Precision: 9, Scale: 2}}, {"decimal64", &arrow.Decimal64Type{Precision: 18, Scale: 6}},
		{"decimal128", &arrow.Decimal128Type{Precision: 38, Scale: 18}}, {"decimal256", &arrow.Decimal256Type{Precision: 76}},
		{"text", utf8Type}, {"large_text", arrow.BinaryTypes.LargeString}, {"text_view", arrow.BinaryTypes.StringView},
		{"binary", arrow.BinaryTypes.Binary}, {"large_binary", arrow.BinaryTypes.LargeBinary}, {"binary_view", arrow.BinaryTypes.BinaryView},
		{"fixed_binary", hash32},
		{"timestamp_ns", timestamp64}, {"timestamp_us", &arrow.TimestampType{Unit: arrow.Microsecond}},
		{"timestamp_ms", &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "Europe/Berlin"}}, {"timestamp_s", &arrow.TimestampType{Unit: arrow.Second}},
		{"date32", arrow.FixedWidthTypes.Date32}, {"date64", arrow.FixedWidthTypes.Date64},
		{"time32", arrow.FixedWidthTypes.Time32ms}, {"time64", arrow.FixedWidthTypes.Time64ns}, {"duration", arrow.FixedWidthTypes.Duration_us},
		{"interval_months", arrow.FixedWidthTypes.MonthInterval}, {"interval_days", arrow.FixedWidthTypes.DayTimeInterval},
		{"interval_nanos", arrow.FixedWidthTypes.MonthDayNanoInterval},
	}
	p := &ir.Pipeline{
		Name: "EveryType", Package: "everytype", Folder: "every_type", File: "queries/types.sql", Line: 1,
		Mode: ir.Append, SQL: "select `every` from \"type\"", NoRange: "it has no block column",
		Sinks: []ir.Sink{{Kind: "postgres", Table: "every_type"}},
	}
	for _, t := range types {
		p.Query = append(p.Query, col(t.name, t.typ, false), col(t.name+"_or_null", t.typ, true))
	}
	p.Query = append(p.Query, logical(col("int256", utf8Type, false), "int256"), logical(col("int256_or_null", arrow.BinaryTypes.StringView, true), "int256"))
	return p
}

// nested has lists, structs and maps inside of each other, and names that meet those of the generated code.
func nested() *ir.Pipeline {
	item := arrow.StructOf(
		arrow.Field{Name: "address", Type: address},
		arrow.Field{Name: "storage_keys", Type: arrow.ListOfField(arrow.Field{Name: "item", Type: hash32})},
		arrow.Field{Name: "struct", Type: arrow.StructOf(arrow.Field{Name: "a_b", Type: u64}, arrow.Field{Name: "aB", Type: utf8Type, Nullable: true}), Nullable: true})
	return &ir.Pipeline{
		Name: "Nested", Package: "nested", Folder: "nested", File: "queries/nested.sql", Line: 3,
		Mode: ir.Stream, SQL: "select 1", RangeSQL: "select 1", Block: "block_num",
		Query: []ir.Column{
			col("block_num", u64, false),
			col("access_list", arrow.ListOfField(arrow.Field{Name: "item", Type: item, Nullable: true}), true),
			col("access_list_item", item, true),
			col("topics", arrow.FixedSizeListOf(4, hash32), false),
			col("amounts", arrow.LargeListOf(arrow.ListOf(&arrow.Decimal256Type{Precision: 76})), true),
			col("tags", arrow.MapOf(utf8Type, item), true),
			col("row", arrow.ListOf(utf8Type), true),
			col("bind", u64, true),
		},
		Sinks: []ir.Sink{{Kind: "postgres", Table: "nested", History: true}, {Kind: "duckdb", Table: "nested"},
			{Kind: "snowflake", Table: "nested", Uint256: "text"}},
	}
}

// batch replaces its table, and its documentation and names are as odd as they may be.
func batch() *ir.Pipeline {
	announced := col("total", u64, false)
	announced.Announced = true
	return &ir.Pipeline{
		Name: "Batch", Package: "batch", Folder: "batch",
		Doc:  []string{"Totals.", "+build ignore", "go:generate echo", "  - a list", "# not a heading", "tab\there"},
		File: "queries/batch.sql", Line: 1,
		Mode: ir.Replace, SQL: "select sum(x) as \"total\",\r\n  '`' as \"odd \"\"name\"\"\n\" -- */\nfrom t", NoRange: "it aggregates",
		Query: []ir.Column{announced, col("odd \"name\"\n", utf8Type, true)},
		Labels: []ir.Label{
			{Name: "a", Path: "a.csv", Key: "k", KeyType: u64, On: "total", Join: "inner", Duplicates: "fanout", Header: []string{"k", "v"},
				Columns: []ir.LabelColumn{{CSV: "v", Column: col("v", &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, true)}}},
			{Name: "b", Path: "b.csv", Key: "k", KeyType: u64, On: "total", Join: "left", Duplicates: "last", Header: []string{"k", "w", "x"},
				Columns: []ir.LabelColumn{{CSV: "w", Column: logical(col("w", utf8Type, true), "uint256")}, {CSV: "x", Column: col("x", utf8Type, true)}}},
		},
		Sinks: []ir.Sink{{Kind: "duckdb", Table: "batch"}, {Kind: "snowflake", Table: "batch", Uint256: "number"}},
	}
}

func pipelines() []*ir.Pipeline { return []*ir.Pipeline{transfers(), everyType(), nested(), batch()} }
