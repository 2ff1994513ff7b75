package emit

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/dave/jennifer/jen"
)

// scalar says how generated code treats the values of a type without children.
type scalar struct {
	array      string                        // the concrete array type in package array; its builder has the suffix Builder
	goType     func() *statement             // in a Row
	read       convert                       // the array's value to the Row's
	write      convert                       // the Row's value to the builder's
	append     func(v *statement) []jen.Code // pgcopy's arguments after dst
	appendFunc string                        // the function of pgcopy
	fallible   bool                          // the function of pgcopy returns an error too
}

type (
	statement = jen.Statement
	convert   func(v *statement) *statement
)

func asIs(v *statement) *statement { return v }

// to converts to a predeclared type.
func to(typ string) convert {
	return func(v *statement) *statement { return jen.Id(typ).Call(v) }
}

func predeclared(typ string) func() *statement { return func() *statement { return jen.Id(typ) } }

func qualified(pkg, typ string) func() *statement {
	return func() *statement { return jen.Qual(pkg, typ) }
}

// plain is a scalar whose Row value is the array's value.
func plain(array string, goType func() *statement, appendFunc string, arg convert) *scalar {
	return &scalar{array: array, goType: goType, read: asIs, write: asIs, appendFunc: appendFunc,
		append: func(v *statement) []jen.Code { return []jen.Code{arg(v)} }}
}

// checked marks the function of pgcopy as one that may refuse a value.
func (s *scalar) checked() *scalar {
	s.fallible = true
	return s
}

// withArgs replaces the arguments of the function of pgcopy.
func (s *scalar) withArgs(f func(v *statement) []jen.Code) *scalar {
	s.append = f
	return s
}

// newScalar is nil for types with children and for those that generated code cannot have.
func newScalar(t arrow.DataType, logical string) *scalar {
	switch t.ID() {
	case arrow.BOOL:
		return plain("Boolean", predeclared("bool"), "AppendBool", asIs)
	case arrow.INT8:
		return plain("Int8", predeclared("int8"), "AppendInt16", to("int16"))
	case arrow.INT16:
		return plain("Int16", predeclared("int16"), "AppendInt16", asIs)
	case arrow.INT32:
		return plain("Int32", predeclared("int32"), "AppendInt32", asIs)
	case arrow.INT64:
		return plain("Int64", predeclared("int64"), "AppendInt64", asIs)
	case arrow.UINT8:
		return plain("Uint8", predeclared("uint8"), "AppendInt16", to("int16"))
	case arrow.UINT16:
		return plain("Uint16", predeclared("uint16"), "AppendInt32", to("int32"))
	case arrow.UINT32:
		return plain("Uint32", predeclared("uint32"), "AppendInt64", to("int64"))
	case arrow.UINT64:
		return plain("Uint64", predeclared("uint64"), "AppendUint64", asIs)
	case arrow.FLOAT16:
		s := plain("Float16", predeclared("float32"), "AppendFloat32", asIs)
		s.read = func(v *statement) *statement { return v.Dot("Float32").Call() }
		s.write = func(v *statement) *statement { return jen.Qual(float16Pkg, "New").Call(v) }
		return s.withArgs(func(v *statement) []jen.Code { return []jen.Code{s.read(v)} })
	case arrow.FLOAT32:
		return plain("Float32", predeclared("float32"), "AppendFloat32", asIs)
	case arrow.FLOAT64:
		return plain("Float64", predeclared("float64"), "AppendFloat64", asIs)
	case arrow.STRING:
		return text("String", logical)
	case arrow.LARGE_STRING:
		return text("LargeString", logical)
	case arrow.STRING_VIEW:
		return text("StringView", logical)
	case arrow.BINARY:
		return binary("Binary")
	case arrow.LARGE_BINARY:
		return binary("LargeBinary")
	case arrow.BINARY_VIEW:
		return binary("BinaryView")
	}
	if s := newDecimal(t); s != nil {
		return s
	}
	return newParametric(t)
}

func text(array, logical string) *scalar {
	appendFunc := "AppendText"
	if logical != "" {
		appendFunc = "AppendDecimalText"
	}
	return plain(array, predeclared("string"), appendFunc, asIs).checked()
}

func binary(array string) *scalar {
	return plain(array, func() *statement { return jen.Index().Byte() }, "AppendBytes", asIs)
}

func newDecimal(t arrow.DataType) *scalar {
	d, ok := t.(arrow.DecimalType)
	if !ok {
		return nil
	}
	scale := jen.Lit(int(d.GetScale()))
	// pgcopy has no function for the narrow decimals: they are widened.
	widened := func(v *statement) []jen.Code {
		return []jen.Code{jen.Qual(decimal128Pkg, "FromI64").Call(jen.Int64().Call(v)), scale}
	}
	wide := func(v *statement) []jen.Code { return []jen.Code{v, scale} }
	switch t.ID() {
	case arrow.DECIMAL32:
		return plain("Decimal32", qualified(decimalPkg, "Decimal32"), "AppendDecimal128", asIs).withArgs(widened)
	case arrow.DECIMAL64:
		return plain("Decimal64", qualified(decimalPkg, "Decimal64"), "AppendDecimal128", asIs).withArgs(widened)
	case arrow.DECIMAL128:
		return plain("Decimal128", qualified(decimal128Pkg, "Num"), "AppendDecimal128", asIs).withArgs(wide)
	case arrow.DECIMAL256:
		return plain("Decimal256", qualified(decimal256Pkg, "Num"), "AppendDecimal256", asIs).withArgs(wide)
	}
	return nil
}

// newParametric makes the scalars of fixed-size binary, times and spans.
func newParametric(t arrow.DataType) *scalar {
	switch t := t.(type) {
	case *arrow.FixedSizeBinaryType:
		s := plain("FixedSizeBinary", func() *statement { return jen.Index(jen.Lit(t.ByteWidth)).Byte() }, "AppendBytes", asIs)
		s.read = func(v *statement) *statement { return s.goType().Call(v) }
		s.write = func(v *statement) *statement { return v.Index(jen.Empty(), jen.Empty()) }
		return s
	case *arrow.TimestampType:
		return timestamp(t)
	case *arrow.Date32Type:
		return plain("Date32", qualified(arrowPkg, "Date32"), "AppendDate32", to("int32")).checked()
	case *arrow.Date64Type:
		return plain("Date64", qualified(arrowPkg, "Date64"), "AppendDate64", to("int64")).checked()
	case *arrow.Time32Type:
		return plain("Time32", qualified(arrowPkg, "Time32"), "AppendTime", nil).withArgs(inUnits(t.Unit)).checked()
	case *arrow.Time64Type:
		return plain("Time64", qualified(arrowPkg, "Time64"), "AppendTime", nil).withArgs(inUnits(t.Unit)).checked()
	case *arrow.DurationType:
		return plain("Duration", qualified(arrowPkg, "Duration"), "AppendDuration", nil).withArgs(inUnits(t.Unit)).checked()
	case *arrow.MonthIntervalType:
		return plain("MonthInterval", qualified(arrowPkg, "MonthInterval"), "AppendInterval", nil).checked().
			withArgs(func(v *statement) []jen.Code { return []jen.Code{jen.Int32().Call(v), jen.Lit(0), jen.Lit(0)} })
	case *arrow.DayTimeIntervalType:
		return plain("DayTimeInterval", qualified(arrowPkg, "DayTimeInterval"), "AppendInterval", nil).checked().
			withArgs(func(v *statement) []jen.Code {
				return []jen.Code{jen.Lit(0), v.Clone().Dot("Days"), jen.Int64().Call(v.Clone().Dot("Milliseconds")).Op("*").Lit(1_000_000)}
			})
	case *arrow.MonthDayNanoIntervalType:
		return plain("MonthDayNanoInterval", qualified(arrowPkg, "MonthDayNanoInterval"), "AppendInterval", nil).checked().
			withArgs(func(v *statement) []jen.Code {
				return []jen.Code{v.Clone().Dot("Months"), v.Clone().Dot("Days"), v.Clone().Dot("Nanoseconds")}
			})
	}
	return nil
}

// timestamp: a Row has the instant in UTC, whatever the zone's name; package time holds all of Arrow's values in all units.
func timestamp(t *arrow.TimestampType) *scalar {
	s := plain("Timestamp", qualified("time", "Time"), "AppendTimestamp", nil).withArgs(inUnits(t.Unit)).checked()
	back := "Unix"
	switch t.Unit {
	case arrow.Nanosecond:
		s.read = func(v *statement) *statement { return jen.Qual("time", "Unix").Call(jen.Lit(0), jen.Int64().Call(v)) }
		back = "UnixNano"
	case arrow.Microsecond:
		s.read = func(v *statement) *statement { return jen.Qual("time", "UnixMicro").Call(jen.Int64().Call(v)) }
		back = "UnixMicro"
	case arrow.Millisecond:
		s.read = func(v *statement) *statement { return jen.Qual("time", "UnixMilli").Call(jen.Int64().Call(v)) }
		back = "UnixMilli"
	case arrow.Second:
		s.read = func(v *statement) *statement { return jen.Qual("time", "Unix").Call(jen.Int64().Call(v), jen.Lit(0)) }
	}
	read := s.read
	s.read = func(v *statement) *statement { return read(v).Dot("UTC").Call() }
	s.write = func(v *statement) *statement { return jen.Qual(arrowPkg, "Timestamp").Call(v.Dot(back).Call()) }
	return s
}

// inUnits gives a value as a number, and what it counts.
func inUnits(u arrow.TimeUnit) func(v *statement) []jen.Code {
	return func(v *statement) []jen.Code { return []jen.Code{jen.Int64().Call(v), unit(u)} }
}
