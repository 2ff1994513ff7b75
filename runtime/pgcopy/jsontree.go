package pgcopy

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// jsonList is a list of any kind as a JSON array.
type jsonList struct {
	typ  arrow.DataType
	arr  array.ListLike
	elem Column
}

func (c *jsonList) Bind(v arrow.Array) error {
	if err := checkType(c.typ, v); err != nil {
		return err
	}
	c.arr = v.(array.ListLike)
	return c.elem.Bind(c.arr.ListValues())
}

func (c *jsonList) Append(dst []byte, row int) ([]byte, error) {
	if c.arr.IsNull(row) {
		return append(dst, "null"...), nil
	}
	from, to := c.arr.ValueOffsets(row)
	dst = append(dst, '[')
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = c.elem.Append(dst, int(i)); err != nil {
			return dst, fmt.Errorf("element %d: %w", i-from, err)
		}
	}
	return append(dst, ']'), nil
}

// jsonStruct is a struct as a JSON object.
type jsonStruct struct {
	typ    *arrow.StructType
	arr    *array.Struct
	labels [][]byte // "name": of each field, with a comma before it where one is due
	fields []Column
}

func newJSONStruct(t *arrow.StructType) (Column, error) {
	c := &jsonStruct{typ: t}
	seen := map[string]bool{}
	for i, f := range t.Fields() {
		if seen[f.Name] {
			return nil, fmt.Errorf("two fields of the struct are named %q, and a JSON object holds one of them", f.Name)
		}
		seen[f.Name] = true
		field, err := newJSON(f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", f.Name, err)
		}
		var label []byte
		if i > 0 {
			label = append(label, ',')
		}
		if label, err = appendJSONString(label, f.Name); err != nil {
			return nil, fmt.Errorf("field %q: %w", f.Name, err)
		}
		c.labels = append(c.labels, append(label, ':'))
		c.fields = append(c.fields, field)
	}
	return c, nil
}

func (c *jsonStruct) Bind(v arrow.Array) error {
	if err := checkType(c.typ, v); err != nil {
		return err
	}
	c.arr = v.(*array.Struct)
	for i, f := range c.fields {
		if err := f.Bind(c.arr.Field(i)); err != nil {
			return fmt.Errorf("field %q: %w", c.typ.Field(i).Name, err)
		}
	}
	return nil
}

func (c *jsonStruct) Append(dst []byte, row int) ([]byte, error) {
	if c.arr.IsNull(row) {
		return append(dst, "null"...), nil
	}
	dst = append(dst, '{')
	for i, f := range c.fields {
		dst = append(dst, c.labels[i]...)
		var err error
		if dst, err = f.Append(dst, row); err != nil {
			return dst, fmt.Errorf("field %q: %w", c.typ.Field(i).Name, err)
		}
	}
	return append(dst, '}'), nil
}

// jsonMap is a map as a JSON object. A key that occurs twice is refused, since jsonb would keep one of them.
type jsonMap struct {
	typ       *arrow.MapType
	arr       *array.Map
	key, item Column
	keys      []span // of the map that is being appended
}

// span is a part of the buffer that is appended to.
type span struct{ from, to int }

func newJSONMap(t *arrow.MapType) (Column, error) {
	if arrow.IsNested(t.KeyType().ID()) {
		return nil, fmt.Errorf("a map with keys of type %s has no JSON form", t.KeyType())
	}
	key, err := newJSON(t.KeyType())
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	item, err := newJSON(t.ItemType())
	if err != nil {
		return nil, fmt.Errorf("values: %w", err)
	}
	return &jsonMap{typ: t, key: key, item: item}, nil
}

func (c *jsonMap) Bind(v arrow.Array) error {
	if err := checkType(c.typ, v); err != nil {
		return err
	}
	c.arr = v.(*array.Map)
	if err := c.key.Bind(c.arr.Keys()); err != nil {
		return err
	}
	return c.item.Bind(c.arr.Items())
}

func (c *jsonMap) Append(dst []byte, row int) ([]byte, error) {
	if c.arr.IsNull(row) {
		return append(dst, "null"...), nil
	}
	from, to := c.arr.ValueOffsets(row)
	dst = append(dst, '{')
	c.keys = c.keys[:0]
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = c.appendKey(dst, int(i)); err != nil {
			return dst, fmt.Errorf("key %d: %w", i-from, err)
		}
		dst = append(dst, ':')
		if dst, err = c.item.Append(dst, int(i)); err != nil {
			return dst, fmt.Errorf("value %d: %w", i-from, err)
		}
	}
	return append(dst, '}'), nil
}

func (c *jsonMap) appendKey(dst []byte, i int) ([]byte, error) {
	start := len(dst)
	dst, err := c.key.Append(dst, i)
	if err != nil {
		return dst, err
	}
	if dst[start] != '"' {
		dst = append(dst, '"', '"')
		copy(dst[start+1:], dst[start:len(dst)-2])
		dst[start] = '"'
	}
	for _, k := range c.keys {
		if bytes.Equal(dst[k.from:k.to], dst[start:]) {
			return dst, fmt.Errorf("the map has %s twice, and a JSON object holds it once", dst[start:])
		}
	}
	c.keys = append(c.keys, span{start, len(dst)})
	return dst, nil
}
