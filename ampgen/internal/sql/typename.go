package sql

// TypeName is an SQL type that the planner can turn into an Arrow type.
type TypeName struct {
	Pos
	Kind   TypeKind
	Args   []int        // DECIMAL: precision, scale; TIMESTAMP: precision. Lengths of text types are dropped, as by the planner
	Elem   *TypeName    // TypeList and TypeFixedList: the element type
	Size   int          // TypeFixedList: the length
	Fields []*TypeField // TypeStruct
}

// TypeField is a field of STRUCT<…>.
type TypeField struct {
	Pos
	Name *Ident // nil: c and the index. The planner takes Name.Name
	Type *TypeName
}

// TypeKind is the kind of a TypeName. Where SQL has several names for one kind the comment lists them.
type TypeKind string

// The type kinds and the Arrow types that the planner gives them.
const (
	TypeBoolean     TypeKind = "BOOLEAN"                  // BOOL; Boolean
	TypeInt8        TypeKind = "TINYINT"                  // Int8
	TypeInt16       TypeKind = "SMALLINT"                 // INT2; Int16
	TypeInt32       TypeKind = "INT"                      // INTEGER, INT4; Int32
	TypeInt64       TypeKind = "BIGINT"                   // INT8; Int64
	TypeUint8       TypeKind = "TINYINT UNSIGNED"         // UInt8
	TypeUint16      TypeKind = "SMALLINT UNSIGNED"        // UInt16
	TypeUint32      TypeKind = "INT UNSIGNED"             // UInt32
	TypeUint64      TypeKind = "BIGINT UNSIGNED"          // UInt64
	TypeFloat32     TypeKind = "REAL"                     // FLOAT, FLOAT(n), FLOAT4; Float32
	TypeFloat64     TypeKind = "DOUBLE"                   // DOUBLE PRECISION, FLOAT8; Float64
	TypeDecimal     TypeKind = "DECIMAL"                  // NUMERIC; without Args Decimal128(38, 10)
	TypeText        TypeKind = "VARCHAR"                  // CHAR, TEXT, STRING; Utf8View
	TypeBinary      TypeKind = "BYTEA"                    // Binary
	TypeDate        TypeKind = "DATE"                     // Date32
	TypeTimestamp   TypeKind = "TIMESTAMP"                // Timestamp without zone, nanoseconds without Args
	TypeTimestampTZ TypeKind = "TIMESTAMP WITH TIME ZONE" // TIMESTAMPTZ; the server's session has no zone, so as TypeTimestamp
	TypeTime        TypeKind = "TIME"                     // Time64(ns)
	TypeInterval    TypeKind = "INTERVAL"                 // Interval(MonthDayNano)
	TypeList        TypeKind = "ARRAY"                    // T[], ARRAY<T>; List
	TypeFixedList   TypeKind = "FIXED ARRAY"              // T[n]; FixedSizeList
	TypeStruct      TypeKind = "STRUCT"                   // STRUCT<a T, …>; Struct
)
