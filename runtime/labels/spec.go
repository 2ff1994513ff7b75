// Package labels loads label CSVs into typed columns and joins them to record batches by a key.
package labels

import "github.com/apache/arrow-go/v18/arrow"

// Join says what happens to rows without a matching label.
type Join string

// The kinds of join.
const (
	Left  Join = "left"  // unmatched rows stay, their label columns are null
	Inner Join = "inner" // unmatched rows are dropped
)

// Duplicates says what a key that occurs more than once means.
type Duplicates string

// The policies for duplicate keys.
const (
	DuplicateError  Duplicates = ""       // an error that names both lines
	DuplicateFirst  Duplicates = "first"  // the first line wins
	DuplicateLast   Duplicates = "last"   // the last line wins
	DuplicateFanout Duplicates = "fanout" // a row is repeated for each line, in file order
)

// Spec is a label as compiled into a pipeline. The file that is loaded at run time is checked against it.
type Spec struct {
	// Name is the label's word in the annotation, and Path the CSV as written there.
	Name, Path string
	// Key is the CSV's key column and KeyType the type its cells are read as. A fixed-size binary key is read from hex in any
	// letter case, with or without 0x.
	Key     string
	KeyType arrow.DataType
	// On is the query's column that is looked up.
	On         string
	Join       Join
	Duplicates Duplicates
	// Header has the CSV's column names in order, all of them.
	Header []string
	// Columns are the CSV columns that are added to the rows, in order.
	Columns []Column
}

// Column is one label column.
type Column struct {
	CSV   string      // the CSV's column
	Field arrow.Field // name, type and nullability in the output; always nullable with a left join
}
