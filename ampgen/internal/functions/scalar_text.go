package functions

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// textFunctions are the functions of text, bytes and regular expressions. Where a signature takes "any type" of text it
// means Utf8, LargeUtf8 and Utf8View.
var textFunctions = []*Function{
	{Name: "ascii", sig: params(texts), returns: fixed("Int32")},
	{Name: "bit_length", sig: params(texts), returns: of(position)},
	{Name: "octet_length", sig: params(texts), returns: of(position)},
	{Name: "btrim", Aliases: []string{"trim"}, sig: oneOf{params(texts, texts), params(texts)}, returns: of(textOrView)},
	{Name: "ltrim", sig: oneOf{params(texts, texts), params(texts)}, returns: same(0)},
	{Name: "rtrim", sig: oneOf{params(texts, texts), params(texts)}, returns: same(0)},
	{Name: "chr", sig: uniformly(1, "Int64"), returns: fixed("Utf8")},
	{Name: "concat", sig: uniformly(-1, "Utf8View", "Utf8", "LargeUtf8"), returns: func(c *call) (arrow.DataType, error) {
		return widestText(c.types), nil
	}},
	{Name: "concat_ws", sig: uniformly(-2, "Utf8View", "Utf8", "LargeUtf8"), returns: concatWithSeparator},
	{Name: "contains", sig: params(texts, texts), returns: fixed("Boolean")},
	{Name: "ends_with", sig: params(texts, texts), returns: fixed("Boolean")},
	{Name: "starts_with", sig: params(texts, texts), returns: fixed("Boolean")},
	{Name: "levenshtein", sig: params(texts, texts), returns: func(c *call) (arrow.DataType, error) {
		return position(widestText(c.types)), nil
	}},
	{Name: "lower", sig: params(texts), returns: of(plainText)},
	{Name: "upper", sig: params(texts), returns: of(plainText)},
	{Name: "initcap", sig: params(texts), returns: of(textOrView)},
	{Name: "repeat", sig: coercible{want(texts), want(one("Int64"), integers)}, returns: of(plainText)},
	{Name: "replace", sig: params(texts, texts, texts), returns: func(c *call) (arrow.DataType, error) {
		return plainText(widestText(c.types)), nil
	}},
	{Name: "split_part", sig: coercible{want(texts), want(texts), want(one("Int64"), integers)}, returns: of(plainText)},
	{Name: "to_hex", sig: params(integers), returns: fixed("Utf8")},
	{Name: "uuid", Volatility: Volatile, sig: nullary{}, returns: fixed("Utf8")},

	{Name: "character_length", Aliases: []string{"length", "char_length"},
		sig: uniformly(1, "Utf8", "LargeUtf8", "Utf8View"), returns: of(position)},
	{Name: "find_in_set", sig: perText("", ""), returns: of(position)},
	{Name: "left", sig: perText("", "Int64"), returns: of(plainText)},
	{Name: "right", sig: perText("", "Int64"), returns: of(plainText)},
	{Name: "lpad", sig: pad, returns: of(plainText)},
	{Name: "rpad", sig: pad, returns: of(plainText)},
	{Name: "reverse", sig: uniformly(1, "Utf8View", "Utf8", "LargeUtf8"), returns: of(plainText)},
	{Name: "strpos", Aliases: []string{"instr", "position"}, sig: params(texts, texts), returns: of(position), nullable: ifAny},
	{Name: "substr", Aliases: []string{"substring"}, Params: []string{"str", "start_pos", "length"}, returns: fixed("Utf8View"),
		sig: oneOf{coercible{want(texts), offset}, coercible{want(texts), offset, offset}}},
	{Name: "substr_index", Aliases: []string{"substring_index"}, sig: perText("", "", "Int64"), returns: of(plainText)},
	{Name: "translate", sig: oneOf{exactly("Utf8View", "Utf8", "Utf8"), exactly("Utf8", "Utf8", "Utf8")}, returns: of(plainText)},
	{Name: "overlay", sig: append(perText("", "", "Int64", "Int64"), perText("", "", "Int64")...), returns: of(plainText)},

	{Name: "encode", literals: constants(1), sig: coercible{wantOr(anyBytes, byteStrings, texts), want(texts)}, returns: func(c *call) (arrow.DataType, error) {
		if c.types[0].ID() == arrow.LARGE_BINARY {
			return largeUtf8, nil
		}
		return utf8, nil
	}},
	{Name: "decode", literals: constants(1), sig: coercible{wantOr(anyBytes, byteStrings, texts), want(texts)}, returns: func(c *call) (arrow.DataType, error) {
		if c.types[0].ID() == arrow.LARGE_BINARY {
			return largeBinary, nil
		}
		return binary, nil
	}},
	{Name: "md5", sig: oneOf{params(texts), params(byteStrings)}, returns: fixed("Utf8View")},
	{Name: "sha224", sig: oneOf{params(texts), params(byteStrings)}, returns: fixed("Binary")},
	{Name: "sha256", sig: oneOf{params(texts), params(byteStrings)}, returns: fixed("Binary")},
	{Name: "sha384", sig: oneOf{params(texts), params(byteStrings)}, returns: fixed("Binary")},
	{Name: "sha512", sig: oneOf{params(texts), params(byteStrings)}, returns: fixed("Binary")},
	{Name: "digest", literals: constants(1), sig: oneOf{params(texts, texts), params(byteStrings, texts)}, returns: fixed("Binary")},

	{Name: "regexp_count", returns: fixed("Int64"), sig: join(
		oneOf{uniformly(2, "Utf8View", "LargeUtf8", "Utf8")},
		perRegex("", "", "Int64"), perRegex("", "", "Int64", ""))},
	{Name: "regexp_instr", returns: fixed("Int64"), sig: join(
		oneOf{uniformly(2, "Utf8View", "LargeUtf8", "Utf8")},
		perRegex("", "", "Int64"), perRegex("", "", "Int64", "Int64"),
		perRegex("", "", "Int64", "Int64", ""), perRegex("", "", "Int64", "Int64", "", "Int64"))},
	{Name: "regexp_like", sig: oneOf{params(texts, texts), params(texts, texts, texts)}, returns: fixed("Boolean")},
	{Name: "regexp_match", sig: join(perText("", ""), perText("", "", "")), returns: of(func(dt arrow.DataType) arrow.DataType {
		if coerce.IsNull(dt) {
			return dt
		}
		return coerce.ListOf(dt)
	})},
	{Name: "regexp_replace", returns: of(textOrView), sig: oneOf{
		uniformly(3, "Utf8View", "LargeUtf8", "Utf8"), uniformly(4, "Utf8View", "LargeUtf8", "Utf8")}},
}

// concatWithSeparator is always Utf8. A separator that varies runs only if all arguments are Utf8.
func concatWithSeparator(c *call) (arrow.DataType, error) {
	if separator := c.args[0]; separator.Literal == nil && !separator.Constant && widestText(c.types).ID() != arrow.STRING {
		return nil, constant(c, 0)
	}
	return utf8, nil
}

// offset is a position in a text.
var offset = want(one("Int64"), one("Int32"))

// pad is the signature of lpad and rpad: any text, a length, and any text to fill with.
var pad = func() oneOf {
	kinds := []string{"Utf8View", "Utf8", "LargeUtf8"}
	var s oneOf
	for _, kind := range kinds {
		s = append(s, exactly(kind, "Int64"))
		for _, fill := range kinds {
			s = append(s, exactly(kind, "Int64", fill))
		}
	}
	return s
}()

// perText is an exact signature for each type of text, which stands where a type is empty.
func perText(types ...string) oneOf { return perKind([]string{"Utf8View", "Utf8", "LargeUtf8"}, types) }

// perRegex is perText in the order in which the regular expression functions list their alternatives.
func perRegex(types ...string) oneOf {
	return perKind([]string{"Utf8View", "LargeUtf8", "Utf8"}, types)
}

func perKind(kinds, types []string) oneOf {
	s := make(oneOf, len(kinds))
	for i, kind := range kinds {
		filled := make([]string, len(types))
		for j, t := range types {
			if filled[j] = t; t == "" {
				filled[j] = kind
			}
		}
		s[i] = exactly(filled...)
	}
	return s
}

func join(alternatives ...oneOf) oneOf {
	var all oneOf
	for _, s := range alternatives {
		all = append(all, s...)
	}
	return all
}
