// Package ir is the one value between analysis and emission: the typed description of a pipeline. Plain data, read by emit
// and printed as JSON by "ampgen dump".
package ir

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Version of the JSON form; it changes when a field changes its meaning.
const Version = 1

// Modes, as runtime.Mode has them.
const (
	Stream  = "stream"
	Replace = "replace"
	Append  = "append"
)

// Pipeline is one query with its labels and sinks.
type Pipeline struct {
	Name    string   `json:"name"`    // as written: Erc20Transfers
	Package string   `json:"package"` // Go package and folder: erc20_transfers becomes erc20transfers in folder erc20_transfers
	Folder  string   `json:"folder"`
	Doc     []string `json:"doc"`  // the comment lines above the statement, without annotations
	File    string   `json:"file"` // the query file, slash-separated, relative to the working directory
	Line    int      `json:"line"`
	Mode    string   `json:"mode"`
	SQL     string   `json:"sql"`
	// RangeSQL is SQL without a trailing SETTINGS clause, or empty with the reason in NoRange.
	RangeSQL string   `json:"range_sql,omitempty"`
	NoRange  string   `json:"no_range,omitempty"`
	Tables   []string `json:"tables"` // what the query reads: eth_firehose.logs
	Block    string   `json:"block,omitempty"`
	Key      []string `json:"key,omitempty"`
	Query    []Column `json:"query"` // what the server sends
	Labels   []Label  `json:"labels,omitempty"`
	Sinks    []Sink   `json:"sinks"`
}

// Column is a column of the query or of a label.
type Column struct {
	Name     string         `json:"name"`
	GoName   string         `json:"go_name"`
	Type     arrow.DataType `json:"-"`
	TypeText string         `json:"type"` // Type in DataFusion's notation
	Nullable bool           `json:"nullable"`
	// Announced is the nullability in the server's schema. It differs from Nullable where a server function is declared wrongly
	// or an annotation says notnull; label columns have no announcement and repeat Nullable.
	Announced bool   `json:"announced_nullable"`
	Logical   string `json:"logical,omitempty"` // uint256 or int256: decimal text of that range
	Origin    string `json:"origin,omitempty"`  // eth_firehose.logs.block_num, or an expression's text
}

// Label is a CSV that is joined.
type Label struct {
	Name       string         `json:"name"`
	Path       string         `json:"path"` // as written in the annotation
	Key        string         `json:"key"`
	KeyType    arrow.DataType `json:"-"`
	KeyText    string         `json:"key_type"`
	On         string         `json:"on"`
	Join       string         `json:"join"`                 // left or inner
	Duplicates string         `json:"duplicates,omitempty"` // first, last, fanout or empty: an error
	Header     []string       `json:"header"`
	Columns    []LabelColumn  `json:"columns"`
}

// LabelColumn is a CSV column that becomes an output column.
type LabelColumn struct {
	CSV string `json:"csv"`
	Column
}

// Sink is one @sink annotation.
type Sink struct {
	Kind    string `json:"kind"` // postgres, snowflake or duckdb
	Table   string `json:"table"`
	History bool   `json:"history,omitempty"`
	// Uint256 is how a Snowflake table keeps 256-bit integers: text, binary or number. It is empty in the other kinds.
	Uint256 string `json:"uint256,omitempty"`
}

// Output is the columns of the rows in a sink: the query's, then the labels' in order.
func (p *Pipeline) Output() []Column {
	out := append([]Column(nil), p.Query...)
	for _, l := range p.Labels {
		for _, c := range l.Columns {
			out = append(out, c.Column)
		}
	}
	return out
}

// Validate checks what emission relies on. Its errors are bugs of the analysis, not faults of the user.
func (p *Pipeline) Validate() error {
	var errs []error
	names, goNames := map[string]bool{}, map[string]bool{}
	for _, c := range p.Output() {
		if c.Type == nil {
			errs = append(errs, fmt.Errorf("column %q has no type", c.Name))
		}
		if names[c.Name] || goNames[c.GoName] {
			errs = append(errs, fmt.Errorf("column %q or its Go name %s occurs twice", c.Name, c.GoName))
		}
		names[c.Name], goNames[c.GoName] = true, true
	}
	for _, name := range append([]string{}, p.Key...) {
		if !names[name] {
			errs = append(errs, fmt.Errorf("key column %q does not exist", name))
		}
	}
	if (p.Mode == Stream) != (p.Block != "") {
		errs = append(errs, fmt.Errorf("mode %s with block column %q", p.Mode, p.Block))
	}
	if p.Block != "" && !names[p.Block] {
		errs = append(errs, fmt.Errorf("block column %q does not exist", p.Block))
	}
	if (p.RangeSQL == "") != (p.NoRange != "") {
		errs = append(errs, errors.New("exactly one of RangeSQL and NoRange is set"))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	return nil
}
