package pgcopy

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/float16"
)

// Column appends the values of one column whose type is known at run time. Generated encoders use it for lists, structs and
// maps, whose values are trees; for scalars they call the append functions themselves.
type Column interface {
	// Bind points the column at the values of a batch, which must have the type that the column was made for. It keeps a
	// reference until the next Bind.
	Bind(values arrow.Array) error
	// Append appends the value of a row, which may be null.
	Append(dst []byte, row int) ([]byte, error)
}

// NewColumn makes a Column for fields of f's type. Lists of scalars become arrays; structs, maps and deeper lists become
// jsonb by these rules: structs are objects, maps are objects whose keys are the text of the key, integers of up to 32 bits
// and floats are numbers, wider integers and decimals are strings of their digits (a JSON reader would round them), NaN and
// infinities are strings, binary is a 0x-prefixed hex string, dates and times are ISO 8601 strings with all their digits.
// The metadata under "ampgen.logical" makes text of a 256-bit integer a numeric.
func NewColumn(f arrow.Field) (Column, error) {
	if c, _ := newScalar(f); c != nil {
		return c, nil
	}
	if list, ok := f.Type.(arrow.ListLikeType); ok && f.Type.ID() != arrow.MAP && !arrow.IsNested(list.Elem().ID()) {
		elem, oid := newScalar(list.ElemField())
		if elem == nil {
			return nil, fmt.Errorf("column %q: PostgreSQL has no array for %s", f.Name, f.Type)
		}
		return &arrayColumn{typ: f.Type, elem: elem, oid: oid}, nil
	}
	tree, err := newJSON(f.Type)
	if err != nil {
		return nil, fmt.Errorf("column %q: %w", f.Name, err)
	}
	return &jsonColumn{typ: f.Type, tree: tree}, nil
}

// values is a Column of a concrete array type: null, or what its function appends.
type values[A arrow.Array] struct {
	typ    arrow.DataType
	arr    A
	null   string
	append func(dst []byte, arr A, row int) ([]byte, error)
}

func (c *values[A]) Bind(v arrow.Array) error {
	if err := checkType(c.typ, v); err != nil {
		return err
	}
	arr, ok := v.(A)
	if !ok {
		return fmt.Errorf("values are of type %T, which is not the array of %s", v, c.typ)
	}
	c.arr = arr
	return nil
}

func (c *values[A]) Append(dst []byte, row int) ([]byte, error) {
	if c.arr.IsNull(row) {
		return append(dst, c.null...), nil
	}
	return c.append(dst, c.arr, row)
}

func checkType(want arrow.DataType, v arrow.Array) error {
	if !arrow.TypeEqual(want, v.DataType()) {
		return fmt.Errorf("values are of type %s, not %s", v.DataType(), want)
	}
	return nil
}

const copyNull = "\xff\xff\xff\xff"

// scalar makes a Column of a function that cannot fail, fallible one of a function that can.
func scalar[A arrow.Array](t arrow.DataType, f func(dst []byte, arr A, row int) []byte) Column {
	return fallible(t, func(dst []byte, arr A, row int) ([]byte, error) { return f(dst, arr, row), nil })
}

func fallible[A arrow.Array](t arrow.DataType, f func(dst []byte, arr A, row int) ([]byte, error)) Column {
	return &values[A]{typ: t, null: copyNull, append: f}
}

// valued is an array with values of type T.
type valued[T any] interface {
	arrow.Array
	Value(row int) T
}

func small[T int8 | uint8 | int16](t arrow.DataType) Column {
	return scalar(t, func(dst []byte, a valued[T], i int) []byte { return AppendInt16(dst, int16(a.Value(i))) })
}

func medium[T uint16 | int32](t arrow.DataType) Column {
	return scalar(t, func(dst []byte, a valued[T], i int) []byte { return AppendInt32(dst, int32(a.Value(i))) })
}

func wide[T uint32 | int64](t arrow.DataType) Column {
	return scalar(t, func(dst []byte, a valued[T], i int) []byte { return AppendInt64(dst, int64(a.Value(i))) })
}

// Object identifiers of PostgreSQL's built-in types. An array names that of its elements.
const (
	oidBool, oidBytea, oidInt8, oidInt2, oidInt4, oidText = 16, 17, 20, 21, 23, 25
	oidFloat4, oidFloat8                                  = 700, 701
	oidDate, oidTime, oidTimestamp, oidTimestamptz        = 1082, 1083, 1114, 1184
	oidInterval, oidNumeric                               = 1186, 1700
)

// newScalar makes the Column of a type that is one value of PostgreSQL, with that type's OID; nil for other types.
func newScalar(f arrow.Field) (Column, uint32) {
	switch t := f.Type.(type) {
	case *arrow.BooleanType:
		return scalar(t, func(dst []byte, a *array.Boolean, i int) []byte { return AppendBool(dst, a.Value(i)) }), oidBool
	case *arrow.Int8Type:
		return small[int8](t), oidInt2
	case *arrow.Uint8Type:
		return small[uint8](t), oidInt2
	case *arrow.Int16Type:
		return small[int16](t), oidInt2
	case *arrow.Uint16Type:
		return medium[uint16](t), oidInt4
	case *arrow.Int32Type:
		return medium[int32](t), oidInt4
	case *arrow.Uint32Type:
		return wide[uint32](t), oidInt8
	case *arrow.Int64Type:
		return wide[int64](t), oidInt8
	case *arrow.Uint64Type:
		return scalar(t, func(dst []byte, a *array.Uint64, i int) []byte { return AppendUint64(dst, a.Value(i)) }), oidNumeric
	case *arrow.Float16Type:
		return scalar(t, func(dst []byte, a valued[float16.Num], i int) []byte { return AppendFloat32(dst, a.Value(i).Float32()) }), oidFloat4
	case *arrow.Float32Type:
		return scalar(t, func(dst []byte, a *array.Float32, i int) []byte { return AppendFloat32(dst, a.Value(i)) }), oidFloat4
	case *arrow.Float64Type:
		return scalar(t, func(dst []byte, a *array.Float64, i int) []byte { return AppendFloat64(dst, a.Value(i)) }), oidFloat8
	case arrow.DecimalType:
		return newDecimal(t), oidNumeric
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType:
		if v, _ := f.Metadata.GetValue("ampgen.logical"); v == "uint256" || v == "int256" {
			return fallible(t, func(dst []byte, a array.StringLike, i int) ([]byte, error) { return AppendDecimalText(dst, a.Value(i)) }), oidNumeric
		}
		return fallible(t, func(dst []byte, a array.StringLike, i int) ([]byte, error) { return AppendText(dst, a.Value(i)) }), oidText
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType, *arrow.FixedSizeBinaryType:
		return scalar(t, func(dst []byte, a valued[[]byte], i int) []byte { return AppendBytes(dst, a.Value(i)) }), oidBytea
	}
	return newTemporal(f.Type)
}

func newDecimal(t arrow.DecimalType) Column {
	scale := t.GetScale()
	switch t.ID() {
	case arrow.DECIMAL32:
		return scalar(t, func(dst []byte, a valued[decimal.Decimal32], i int) []byte {
			return AppendDecimal128(dst, decimal128.FromI64(int64(a.Value(i))), scale)
		})
	case arrow.DECIMAL64:
		return scalar(t, func(dst []byte, a valued[decimal.Decimal64], i int) []byte {
			return AppendDecimal128(dst, decimal128.FromI64(int64(a.Value(i))), scale)
		})
	case arrow.DECIMAL128:
		return scalar(t, func(dst []byte, a *array.Decimal128, i int) []byte { return AppendDecimal128(dst, a.Value(i), scale) })
	default:
		return scalar(t, func(dst []byte, a *array.Decimal256, i int) []byte { return AppendDecimal256(dst, a.Value(i), scale) })
	}
}

func newTemporal(typ arrow.DataType) (Column, uint32) {
	switch t := typ.(type) {
	case *arrow.TimestampType:
		oid := uint32(oidTimestamp)
		if t.TimeZone != "" {
			oid = oidTimestamptz
		}
		return fallible(t, func(dst []byte, a *array.Timestamp, i int) ([]byte, error) {
			return AppendTimestamp(dst, int64(a.Value(i)), t.Unit)
		}), oid
	case *arrow.Date32Type:
		return fallible(t, func(dst []byte, a *array.Date32, i int) ([]byte, error) { return AppendDate32(dst, int32(a.Value(i))) }), oidDate
	case *arrow.Date64Type:
		return fallible(t, func(dst []byte, a *array.Date64, i int) ([]byte, error) { return AppendDate64(dst, int64(a.Value(i))) }), oidDate
	case *arrow.Time32Type:
		return fallible(t, func(dst []byte, a *array.Time32, i int) ([]byte, error) {
			return AppendTime(dst, int64(a.Value(i)), t.Unit)
		}), oidTime
	case *arrow.Time64Type:
		return fallible(t, func(dst []byte, a *array.Time64, i int) ([]byte, error) {
			return AppendTime(dst, int64(a.Value(i)), t.Unit)
		}), oidTime
	case *arrow.DurationType:
		return fallible(t, func(dst []byte, a *array.Duration, i int) ([]byte, error) {
			return AppendDuration(dst, int64(a.Value(i)), t.Unit)
		}), oidInterval
	case *arrow.MonthIntervalType:
		return fallible(t, func(dst []byte, a *array.MonthInterval, i int) ([]byte, error) {
			return AppendInterval(dst, int32(a.Value(i)), 0, 0)
		}), oidInterval
	case *arrow.DayTimeIntervalType:
		return fallible(t, func(dst []byte, a *array.DayTimeInterval, i int) ([]byte, error) {
			v := a.Value(i)
			return AppendInterval(dst, 0, v.Days, int64(v.Milliseconds)*1_000_000)
		}), oidInterval
	case *arrow.MonthDayNanoIntervalType:
		return fallible(t, func(dst []byte, a *array.MonthDayNanoInterval, i int) ([]byte, error) {
			v := a.Value(i)
			return AppendInterval(dst, v.Months, v.Days, v.Nanoseconds)
		}), oidInterval
	}
	return nil, 0
}

// arrayColumn is a list of scalars.
type arrayColumn struct {
	typ  arrow.DataType
	arr  array.ListLike
	elem Column
	oid  uint32
}

func (c *arrayColumn) Bind(v arrow.Array) error {
	if err := checkType(c.typ, v); err != nil {
		return err
	}
	c.arr = v.(array.ListLike)
	return c.elem.Bind(c.arr.ListValues())
}

func (c *arrayColumn) Append(dst []byte, row int) ([]byte, error) {
	if c.arr.IsNull(row) {
		return AppendNull(dst), nil
	}
	from, to := c.arr.ValueOffsets(row)
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0) // the length, when it is known
	if from == to {
		// An empty array has no dimensions.
		dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
		dst = binary.BigEndian.AppendUint32(dst, c.oid)
	} else {
		dst = append(dst, 0, 0, 0, 1, 0, 0, 0, 1) // one dimension, may have nulls
		dst = binary.BigEndian.AppendUint32(dst, c.oid)
		dst = binary.BigEndian.AppendUint32(dst, uint32(to-from))
		dst = append(dst, 0, 0, 0, 1) // the first index is 1
	}
	for i := from; i < to; i++ {
		var err error
		if dst, err = c.elem.Append(dst, int(i)); err != nil {
			return dst[:start], fmt.Errorf("element %d: %w", i-from, err)
		}
	}
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst, nil
}
