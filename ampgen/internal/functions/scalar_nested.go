package functions

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// nestedFunctions are the functions of lists and maps. Each has aliases under list_ beside array_, see listAliases.
var nestedFunctions = listAliases([]*Function{
	{Name: "array_to_string", Aliases: []string{"array_join", "list_join"}, returns: fixed("Utf8"),
		sig: oneOf{onLists(array, label, label), onLists(array, label)}},
	{Name: "string_to_array", Aliases: []string{"string_to_list"}, returns: of(coerce.ListOf),
		sig: oneOf{params(texts, texts), params(texts, texts, texts)}},
	{Name: "range", sig: series, returns: seriesList},
	{Name: "generate_series", sig: series, returns: seriesList},
	{Name: "array_dims", sig: onFixedLists(array), returns: fixed("List(UInt64)")},
	{Name: "array_ndims", sig: onFixedLists(array), returns: fixed("UInt64")},
	{Name: "cardinality", sig: oneOf{onLists(array), onMap{}}, returns: fixed("UInt64")},
	{Name: "array_append", Aliases: []string{"array_push_back", "list_push_back"}, sig: onLists(array, element), returns: extended(0, 1)},
	{Name: "array_prepend", Aliases: []string{"array_push_front", "list_push_front"}, sig: onLists(element, array), returns: extended(1, 0)},
	{Name: "array_concat", Aliases: []string{"array_cat", "list_cat"}, sig: custom{1, -1, concatLists}, returns: deepest},
	{Name: "array_except", sig: onLists(array, array), returns: same(0)},
	{Name: "array_element", Aliases: []string{"array_extract", "list_extract"}, sig: onLists(array, index), returns: of(itemOf)},
	{Name: "array_pop_back", sig: onLists(array), returns: same(0)},
	{Name: "array_pop_front", sig: onLists(array), returns: same(0)},
	{Name: "array_slice", sig: oneOf{onLists(array, index, index), onLists(array, index, index, index)}, returns: same(0)},
	{Name: "array_any_value", sig: onLists(array), returns: of(itemOf), runs: isTyped},
	{Name: "make_array", Aliases: []string{"make_list"}, sig: oneOf{nullary{}, custom{1, -1, unionAll}}, returns: madeArray},
	{Name: "array_has", Aliases: []string{"array_contains", "list_contains"}, sig: onLists(array, element), returns: fixed("Boolean")},
	{Name: "array_has_all", sig: onFixedLists(array, array), returns: fixed("Boolean")},
	{Name: "array_has_any", Aliases: []string{"arrays_overlap"}, sig: onFixedLists(array, array), returns: fixed("Boolean")},
	{Name: "empty", Aliases: []string{"array_empty", "list_empty"}, sig: onFixedLists(array), returns: fixed("Boolean")},
	{Name: "array_length", sig: oneOf{onFixedLists(array), onFixedLists(array, index)}, returns: fixed("UInt64")},
	{Name: "array_distance", sig: custom{2, 2, distanceLists}, returns: fixed("Float64")},
	{Name: "flatten", sig: onLists(array), returns: of(flattened)},
	{Name: "array_max", sig: onLists(array), returns: of(itemOf), runs: isTyped},
	{Name: "array_min", sig: onLists(array), returns: of(itemOf), runs: isTyped},
	{Name: "array_sort", returns: of(nullableItems),
		sig: oneOf{onLists(array), onLists(array, label), onLists(array, label, label)}},
	{Name: "array_repeat", sig: custom{2, 2, repeated}, returns: of(coerce.ListOf)},
	{Name: "array_resize", sig: oneOf{onLists(array, index), onLists(array, index, element)}, returns: of(func(dt arrow.DataType) arrow.DataType {
		if coerce.IsNull(dt) {
			return coerce.ListOf(int64Type)
		}
		return dt
	})},
	{Name: "array_reverse", sig: onLists(array), returns: same(0)},
	{Name: "array_distinct", sig: onLists(array), returns: same(0)},
	{Name: "array_intersect", sig: onLists(array, array), returns: orElse},
	{Name: "array_union", sig: onLists(array, array), returns: orElse},
	{Name: "array_position", Aliases: []string{"array_indexof", "list_indexof"}, returns: fixed("UInt64"),
		sig: oneOf{onLists(array, element), onLists(array, element, index)}},
	{Name: "array_positions", sig: onLists(array, element), returns: fixed("List(UInt64)")},
	{Name: "array_remove", sig: onLists(array, element), returns: same(0), nullable: ifFirst},
	{Name: "array_remove_all", sig: onLists(array, element), returns: same(0), nullable: ifFirst},
	{Name: "array_remove_n", sig: onLists(array, element, index), returns: same(0), nullable: ifFirst},
	{Name: "array_replace", sig: onLists(array, element, element), returns: same(0)},
	{Name: "array_replace_all", sig: onLists(array, element, element), returns: same(0)},
	{Name: "array_replace_n", sig: onLists(array, element, element, index), returns: same(0)},

	{Name: "map", sig: custom{2, -1, asTheyAre}, returns: madeMap},
	{Name: "make_map", Kind: Planner, sig: custom{0, -1, asTheyAre}, returns: madeMap},
	{Name: "map_entries", sig: onMap{}, returns: of(func(dt arrow.DataType) arrow.DataType {
		return arrow.ListOfField(arrow.Field{Name: "item", Type: dt.(*arrow.MapType).Elem()})
	})},
	{Name: "map_extract", Aliases: []string{"element_at"}, sig: custom{2, 2, mapAndKey}, returns: of(mapValue)},
	{Name: "map_keys", sig: onMap{}, returns: of(func(dt arrow.DataType) arrow.DataType {
		return coerce.ListOf(dt.(*arrow.MapType).KeyType())
	})},
	{Name: "map_values", sig: onMap{}, nullable: ifAny, returns: of(func(dt arrow.DataType) arrow.DataType {
		m := dt.(*arrow.MapType)
		return arrow.ListOfField(arrow.Field{Name: "item", Type: m.ItemType(), Nullable: m.ItemField().Nullable})
	})},
	{Name: "unnest", Kind: Planner, sig: custom{1, 1, asTheyAre}, returns: unnested},
})

// listAliases adds to each array_x the alias list_x. array_min is the one that has none.
func listAliases(functions []*Function) []*Function {
	for _, f := range functions {
		if rest, ok := strings.CutPrefix(f.Name, "array_"); ok && f.Name != "array_min" {
			f.Aliases = append([]string{"list_" + rest}, f.Aliases...)
		}
	}
	return functions
}

// series is the signature of range and generate_series as values.
var series = func() oneOf {
	whole := want(one("Int64"), integers)
	day := want(dates, texts)
	step := want(one("Interval(MonthDayNano)"), intervals)
	return oneOf{
		coercible{whole}, coercible{whole, whole}, coercible{whole, whole, whole},
		coercible{day, day, step}, coercible{want(timestamps), want(timestamps), step},
	}
}()

func seriesList(c *call) (arrow.DataType, error) {
	for _, dt := range c.types {
		if coerce.IsNull(dt) {
			return null, nil
		}
	}
	switch t := c.types[0].(type) {
	case *arrow.TimestampType:
		return coerce.ListOf(coerce.Timestamp(arrow.Nanosecond, t.TimeZone)), nil
	case *arrow.Date32Type, *arrow.Date64Type:
		return coerce.ListOf(date32), nil
	}
	return coerce.ListOf(int64Type), nil
}

// extended is the list in argument i, or a list of argument j if that is NULL.
func extended(i, j int) returnRule {
	return func(c *call) (arrow.DataType, error) {
		if coerce.IsNull(c.types[i]) {
			return coerce.ListOf(c.types[j]), nil
		}
		return c.types[i], nil
	}
}

func itemOf(dt arrow.DataType) arrow.DataType {
	item, ok := coerce.Item(dt)
	if !ok {
		return dt
	}
	return item.Type
}

// flattened removes one level of lists; it is large if either of the two levels was.
func flattened(dt arrow.DataType) arrow.DataType {
	item, ok := coerce.Item(dt)
	if !ok || !coerce.IsList(item.Type) {
		return dt
	}
	inner, _ := coerce.Item(item.Type)
	if isLarge(dt) || isLarge(item.Type) {
		return arrow.LargeListOfField(inner)
	}
	return arrow.ListOfField(inner)
}

// nullableItems is the same list, never of fixed size, with items that can be null.
func nullableItems(dt arrow.DataType) arrow.DataType {
	item, ok := coerce.Item(dt)
	if !ok {
		return dt
	}
	item.Nullable = true
	if isLarge(dt) {
		return arrow.LargeListOfField(item)
	}
	return arrow.ListOfField(item)
}

func madeArray(c *call) (arrow.DataType, error) {
	if len(c.types) == 0 {
		return coerce.ListOf(null), nil
	}
	return coerce.ListOf(c.types[0]), nil
}

// repeated takes any value and a number of times.
func repeated(args []arrow.DataType) ([]arrow.DataType, bool) {
	switch {
	case coerce.IsSigned(args[1]):
		return []arrow.DataType{args[0], int64Type}, true
	case coerce.IsUnsigned(args[1]):
		return []arrow.DataType{args[0], uint64Type}, true
	}
	return nil, false
}

func mapAndKey(args []arrow.DataType) ([]arrow.DataType, bool) {
	m, ok := args[0].(*arrow.MapType)
	if !ok {
		return nil, false
	}
	return []arrow.DataType{m, m.KeyType()}, true
}

func mapValue(dt arrow.DataType) arrow.DataType {
	return coerce.ListOf(dt.(*arrow.MapType).ItemType())
}

// madeMap is the map of a list of keys and a list of values, or of alternating keys and values.
func madeMap(c *call) (arrow.DataType, error) {
	if c.fn.Kind == Scalar && len(c.types) == 2 && depth(c.types[0]) > 0 && depth(c.types[1]) > 0 {
		return c.mapOf(c.args[:1], c.args[1:], itemOf(c.types[0]), itemOf(c.types[1]))
	}
	if len(c.types)%2 != 0 {
		return nil, &Error{Kind: Arity, Function: c.fn.Name, Arg: -1, Message: c.fn.Name + " takes pairs of a key and a value"}
	}
	if len(c.types) == 0 {
		return mapOf(null, null), nil
	}
	var keys, values []Arg
	var keyTypes, valueTypes []arrow.DataType
	for i := 0; i < len(c.args); i += 2 {
		keys, values = append(keys, c.args[i]), append(values, c.args[i+1])
		keyTypes, valueTypes = append(keyTypes, c.types[i]), append(valueTypes, c.types[i+1])
	}
	key, kok := unionAll(keyTypes)
	value, vok := unionAll(valueTypes)
	if !kok || !vok {
		return nil, &Error{Kind: Type, Function: c.fn.Name, Arg: -1,
			Message: "the keys or the values of the map have no common type", Help: "cast them to one type"}
	}
	return c.mapOf(keys, values, key[0], value[0])
}

// mapOf checks the one thing on which DataFusion stumbles: keys that are constant with values that are not, or the reverse.
func (c *call) mapOf(keys, values []Arg, key, value arrow.DataType) (arrow.DataType, error) {
	varies := func(a Arg) bool { return a.Literal == nil && !a.Constant }
	if slices.ContainsFunc(keys, varies) != slices.ContainsFunc(values, varies) {
		return nil, &Error{Kind: NotLiteral, Function: c.fn.Name, Arg: -1,
			Message: "DataFusion cannot run a map of constant keys and values that vary, or the reverse", Help: "use a struct"}
	}
	return mapOf(key, value), nil
}

func mapOf(key, value arrow.DataType) arrow.DataType {
	return arrow.MapOfFields(arrow.Field{Type: key}, arrow.Field{Type: value, Nullable: true})
}

// unnested is the item of a list. A struct is left to the caller, who makes a column of each of its fields.
func unnested(c *call) (arrow.DataType, error) {
	dt := c.types[0]
	switch {
	case coerce.IsList(dt):
		return itemOf(dt), nil
	case dt.ID() == arrow.STRUCT:
		return dt, nil
	}
	return nil, &Error{Kind: Type, Function: c.fn.Name, Arg: 0, Message: "unnest takes a list or a struct, not " + coerce.Format(dt)}
}
