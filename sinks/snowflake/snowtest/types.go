package snowtest

import (
	"fmt"
	"strconv"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// Kind is a family of types.
type Kind int

// The kinds. Null is the type of NULL alone.
const (
	Null Kind = iota
	Boolean
	Number
	Float
	Varchar
	Binary
	Date
	Time
	TimestampNTZ
	TimestampLTZ
	TimestampTZ
	Variant
	Array
	Object
)

// Type is a Snowflake type. In DuckDB a NUMBER is a DECIMAL of the same digits, a TIME is a BIGINT of nanoseconds, a timestamp a
// HUGEINT of nanoseconds since 1970 (DuckDB's own have nine digits only without a zone), and a VARIANT, ARRAY or OBJECT is its
// JSON text.
type Type struct {
	Kind             Kind
	Precision, Scale int // of NUMBER; Scale is the digits of seconds of times
	Length           int // of VARCHAR in characters and of BINARY in bytes
}

// The lengths of VARCHAR and BINARY without one.
const (
	maxVarchar = 16777216
	maxBinary  = 8388608
)

var (
	boolean   = Type{Kind: Boolean}
	count     = Type{Kind: Number, Precision: 18}
	integer   = Type{Kind: Number, Precision: 38}
	float     = Type{Kind: Float}
	varchar   = Type{Kind: Varchar, Length: maxVarchar}
	binary    = Type{Kind: Binary, Length: maxBinary}
	date      = Type{Kind: Date}
	clock     = Type{Kind: Time, Scale: 9}
	localTime = Type{Kind: TimestampLTZ, Scale: 9}
	variant   = Type{Kind: Variant}
)

var typeNames = map[string]Type{
	"BOOLEAN": boolean,
	"NUMBER":  integer, "DECIMAL": integer, "NUMERIC": integer, "DEC": integer, "INT": integer, "INTEGER": integer, "BIGINT": integer,
	"SMALLINT": integer, "TINYINT": integer, "BYTEINT": integer,
	"FLOAT": float, "FLOAT4": float, "FLOAT8": float, "DOUBLE": float, "DOUBLE PRECISION": float, "REAL": float,
	"VARCHAR": varchar, "STRING": varchar, "TEXT": varchar, "CHAR": {Kind: Varchar, Length: 1}, "CHARACTER": {Kind: Varchar, Length: 1},
	"BINARY": binary, "VARBINARY": binary,
	"DATE": date, "TIME": clock,
	"DATETIME": {Kind: TimestampNTZ, Scale: 9}, "TIMESTAMP": {Kind: TimestampNTZ, Scale: 9}, "TIMESTAMP_NTZ": {Kind: TimestampNTZ, Scale: 9},
	"TIMESTAMPNTZ": {Kind: TimestampNTZ, Scale: 9}, "TIMESTAMP_LTZ": localTime, "TIMESTAMPLTZ": localTime,
	"TIMESTAMP_TZ": {Kind: TimestampTZ, Scale: 9}, "TIMESTAMPTZ": {Kind: TimestampTZ, Scale: 9},
	"VARIANT": variant, "ARRAY": {Kind: Array}, "OBJECT": {Kind: Object},
}

// typeOf is the type that a declaration names.
func typeOf(n sfsql.TypeName) (Type, error) {
	t, ok := typeNames[n.Name]
	if !ok {
		return Type{}, errorf("002040", "42601", "SQL compilation error: Unsupported data type '%s'.", n.Name)
	}
	invalid := errorf("001008", "42601", "SQL compilation error: invalid arguments %v of type %s", n.Args, n.Name)
	switch t.Kind {
	case Number:
		fixed := n.Name != "NUMBER" && n.Name != "DECIMAL" && n.Name != "NUMERIC" && n.Name != "DEC"
		switch len(n.Args) {
		case 0:
			return t, nil
		case 1:
			t.Precision = n.Args[0]
		case 2:
			t.Precision, t.Scale = n.Args[0], n.Args[1]
		}
		if len(n.Args) > 2 || fixed || t.Precision < 1 || t.Precision > 38 || t.Scale < 0 || t.Scale > t.Precision {
			return Type{}, invalid
		}
	case Varchar, Binary, Time, TimestampNTZ, TimestampLTZ, TimestampTZ:
		if len(n.Args) == 0 {
			return t, nil
		}
		most, least, to := 9, 0, &t.Scale
		if t.Kind == Varchar {
			most, least, to = 134217728, 1, &t.Length
		} else if t.Kind == Binary {
			most, least, to = 67108864, 1, &t.Length
		}
		if len(n.Args) > 1 || n.Args[0] < least || n.Args[0] > most {
			return Type{}, invalid
		}
		*to = n.Args[0]
	default:
		if len(n.Args) > 0 {
			return Type{}, invalid
		}
	}
	return t, nil
}

func (t Type) String() string {
	switch t.Kind {
	case Number:
		return fmt.Sprintf("NUMBER(%d,%d)", t.Precision, t.Scale)
	case Varchar, Binary:
		return fmt.Sprintf("%s(%d)", kinds[t.Kind].name, t.Length)
	case Time, TimestampNTZ, TimestampLTZ, TimestampTZ:
		return fmt.Sprintf("%s(%d)", kinds[t.Kind].name, t.Scale)
	}
	return kinds[t.Kind].name
}

// kinds has each kind's name, the name in the information schema, the one on the wire, and DuckDB's.
var kinds = [...]struct{ name, catalog, wire, duck string }{
	Null:         {"NULL", "TEXT", "text", "VARCHAR"},
	Boolean:      {"BOOLEAN", "BOOLEAN", "boolean", "BOOLEAN"},
	Number:       {"NUMBER", "NUMBER", "fixed", ""},
	Float:        {"FLOAT", "FLOAT", "real", "DOUBLE"},
	Varchar:      {"VARCHAR", "TEXT", "text", "VARCHAR"},
	Binary:       {"BINARY", "BINARY", "binary", "BLOB"},
	Date:         {"DATE", "DATE", "date", "DATE"},
	Time:         {"TIME", "TIME", "time", "BIGINT"},
	TimestampNTZ: {"TIMESTAMP_NTZ", "TIMESTAMP_NTZ", "timestamp_ntz", "HUGEINT"},
	TimestampLTZ: {"TIMESTAMP_LTZ", "TIMESTAMP_LTZ", "timestamp_ltz", "HUGEINT"},
	TimestampTZ:  {"TIMESTAMP_TZ", "TIMESTAMP_TZ", "timestamp_tz", "HUGEINT"},
	Variant:      {"VARIANT", "VARIANT", "variant", "VARCHAR"},
	Array:        {"ARRAY", "ARRAY", "array", "VARCHAR"},
	Object:       {"OBJECT", "OBJECT", "object", "VARCHAR"},
}

func (t Type) duck() string {
	if t.Kind == Number {
		return "DECIMAL(" + strconv.Itoa(t.Precision) + "," + strconv.Itoa(t.Scale) + ")"
	}
	return kinds[t.Kind].duck
}

func (t Type) isTimestamp() bool {
	return t.Kind == TimestampNTZ || t.Kind == TimestampLTZ || t.Kind == TimestampTZ
}

func (t Type) isNested() bool { return t.Kind == Variant || t.Kind == Array || t.Kind == Object }
