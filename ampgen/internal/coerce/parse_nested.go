package coerce

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
)

// This file reads the types that hold other types.

func listKind(word string, item arrow.Field) arrow.DataType {
	switch word {
	case "LargeList":
		return arrow.LargeListOfField(item)
	case "ListView":
		return arrow.ListViewOfField(item)
	case "LargeListView":
		return arrow.LargeListViewOfField(item)
	}
	return arrow.ListOfField(item)
}

func (p *typeParser) item(depth int) arrow.Field {
	f := arrow.Field{Name: "item"}
	f.Nullable, f.Type = p.nullableType(depth)
	if p.accept(",") {
		p.expect("field")
		p.expect(":")
		f.Name = p.quoted('\'')
	}
	return f
}

func (p *typeParser) nullableType(depth int) (bool, arrow.DataType) {
	nullable := true
	switch p.peekWord() {
	case "non-null":
		p.word()
		nullable = false
	case "nullable":
		p.word()
	}
	return nullable, p.dataType(depth + 1)
}

// fixedSizeList reads "3 x T", the display form, and "3, T".
func (p *typeParser) fixedSizeList(depth int) arrow.DataType {
	n := p.integer(1, math.MaxInt32, "list length")
	if !p.accept(",") {
		p.expect("x")
	}
	item := p.item(depth)
	return arrow.FixedSizeListOfField(int32(max(n, 1)), item)
}

func (p *typeParser) fields(depth int) []arrow.Field {
	var fields []arrow.Field
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == ')' {
		return fields
	}
	for {
		fields = append(fields, p.field(depth))
		if p.err != nil || !p.accept(",") {
			return fields
		}
	}
}

func (p *typeParser) field(depth int) arrow.Field {
	f := arrow.Field{Name: p.quoted('"')}
	p.expect(":")
	f.Nullable, f.Type = p.nullableType(depth)
	return f
}

func (p *typeParser) mapType(depth int) arrow.DataType {
	start := p.pos
	entries := p.field(depth)
	p.expect(",")
	order, at := p.word()
	if order != "sorted" && order != "unsorted" {
		p.fail(at, at+len(order), "expected sorted or unsorted")
	}
	fields, ok := entries.Type.(*arrow.StructType)
	if !ok || fields.NumFields() != 2 {
		p.fail(start, at, "a map's entries are a Struct of two fields, key and value")
		return null
	}
	key := fields.Field(0)
	key.Nullable = false
	m := arrow.MapOfFields(key, fields.Field(1))
	m.KeysSorted = order == "sorted"
	return m
}

func (p *typeParser) dictionary(depth int) arrow.DataType {
	p.space()
	start := p.pos
	index := p.dataType(depth + 1)
	if p.err == nil && !IsInteger(index) {
		p.fail(start, p.pos, "a dictionary's index type is an integer, not %s", Format(index))
		return null
	}
	p.expect(",")
	return &arrow.DictionaryType{IndexType: index, ValueType: p.dataType(depth + 1)}
}

func (p *typeParser) union(depth int) arrow.DataType {
	mode, start := p.word()
	if mode != "Sparse" && mode != "Dense" {
		p.fail(start, start+len(mode), "expected Sparse or Dense")
	}
	var fields []arrow.Field
	var codes []arrow.UnionTypeCode
	for p.accept(",") {
		codes = append(codes, arrow.UnionTypeCode(p.integer(0, math.MaxInt8, "type code of a union")))
		p.expect(":")
		p.expect("(")
		fields = append(fields, p.field(depth))
		p.expect(")")
	}
	if p.err != nil {
		return null
	}
	if mode == "Dense" {
		return arrow.DenseUnionOf(fields, codes)
	}
	return arrow.SparseUnionOf(fields, codes)
}

func (p *typeParser) runEndEncoded(depth int) arrow.DataType {
	p.space()
	start := p.pos
	ends := p.field(depth)
	if p.err == nil && !(IsSigned(ends.Type) && ends.Type.ID() != arrow.INT8) {
		p.fail(start, p.pos, "run ends are Int16, Int32 or Int64, not %s", Format(ends.Type))
	}
	p.expect(",")
	values := p.field(depth)
	if p.err != nil {
		return null
	}
	return arrow.RunEndEncodedOf(ends.Type, values.Type)
}
