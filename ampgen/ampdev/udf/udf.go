// Package udf makes Amp's own SQL functions for DuckDB.
//
// Functions that take a Solidity signature are made for one signature each, since their types depend on it. Inside DuckDB
// values have the types of package duck: a uint128, for one, is decimal text.
package udf

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/internal/abi"
)

var binary, text = arrow.BinaryTypes.Binary, arrow.BinaryTypes.String

// DecodeLog is evm_decode_log for an event with parameters: topics 1 to 3 and data to a struct. Its fields can be reached by
// FieldNames.
func DecodeLog(name string, e *abi.Event) duck.Function {
	params := append(e.Indexed(), e.Body()...)
	return duck.Function{
		Name:   name,
		Args:   []arrow.DataType{binary, binary, binary, binary},
		Result: distinctFields(e.ArrowType().(*arrow.StructType)),
		Run: func(args []duck.Vector, out duck.Vector, n int) error {
			data, valid := duck.Values[duck.Cell](args[3]), args[3].Mask()
			var topics [3][]duck.Cell
			var given [3]duck.Mask
			for i := range topics {
				topics[i], given[i] = duck.Values[duck.Cell](args[i]), args[i].Mask()
			}
			rows := make([][]abi.Value, n)
			for i := range rows {
				var log [3][]byte
				for j := range log {
					if given[j].Valid(i) {
						log[j] = topics[j][i].Bytes()
					}
				}
				var body []byte
				if valid.Valid(i) {
					body = data[i].Bytes()
				}
				var err error
				if rows[i], err = e.DecodeLog(log, body); err != nil {
					return fmt.Errorf("evm_decode_log: %w", err)
				}
			}
			for f, p := range params {
				writeParam(out.Field(f), p, column(rows, f))
			}
			return nil
		},
	}
}

// DecodeParams is evm_decode_params for a function with named inputs: calldata to a struct, null if it does not decode.
func DecodeParams(name string, f *abi.Function) (duck.Function, error) {
	result, err := f.InputsArrowType()
	if err != nil {
		return duck.Function{}, err
	}
	if len(f.Inputs) == 0 {
		return duck.Function{}, fmt.Errorf("the development server has no struct without fields, which %s decodes to", f.Signature())
	}
	return duck.Function{
		Name:   name,
		Args:   []arrow.DataType{binary},
		Result: distinctFields(result.(*arrow.StructType)),
		Run: func(args []duck.Vector, out duck.Vector, n int) error {
			data, valid := duck.Values[duck.Cell](args[0]), args[0].Mask()
			rows := make([][]abi.Value, n)
			for i := range rows {
				ok := false
				if valid.Valid(i) {
					rows[i], ok = f.DecodeCall(data[i].Bytes())
				}
				if !ok {
					rows[i] = nil
					out.SetNull(i)
				}
			}
			for i, p := range f.Inputs {
				writeColumn(out.Field(i), p.Type, column(rows, i))
			}
			return nil
		},
	}, nil
}

// DecodeType is evm_decode_type for one type.
func DecodeType(name string, t abi.Type) duck.Function {
	return duck.Function{
		Name:   name,
		Args:   []arrow.DataType{binary},
		Result: t.ArrowType(),
		Run: func(args []duck.Vector, out duck.Vector, n int) error {
			data, valid := duck.Values[duck.Cell](args[0]), args[0].Mask()
			decoded := make([]abi.Value, n)
			values := make([]*abi.Value, n)
			for i := range values {
				if !valid.Valid(i) {
					continue
				}
				if v, ok := t.Decode(data[i].Bytes()); ok {
					decoded[i] = v
					values[i] = &decoded[i]
				}
			}
			writeColumn(out, t, values)
			return nil
		},
	}
}

// EncodeParams is evm_encode_params for one function. Its arguments have the types of EncodedType.
func EncodeParams(name string, f *abi.Function) duck.Function {
	args := make([]arrow.DataType, len(f.Inputs))
	for i, p := range f.Inputs {
		args[i] = EncodedType(p.Type)
	}
	return duck.Function{
		Name: name, Args: args, Result: binary,
		Run: func(args []duck.Vector, out duck.Vector, n int) error {
			values := make([]abi.Value, len(args))
			for i := range n {
				null := false
				for j, arg := range args {
					var err error
					if values[j], err = read(arg, f.Inputs[j].Type, i); err != nil {
						return fmt.Errorf("evm_encode_params: argument %d: %w", j+1, err)
					}
					null = null || values[j].Null
				}
				if null {
					out.SetNull(i)
					continue
				}
				data, err := f.EncodeCall(values)
				if err != nil {
					return fmt.Errorf("evm_encode_params: %w", err)
				}
				out.SetBytes(i, data)
			}
			return nil
		},
	}
}

// EncodeType is evm_encode_type for one type. Its argument has the type of EncodedType.
func EncodeType(name string, t abi.Type) duck.Function {
	return duck.Function{
		Name: name, Args: []arrow.DataType{EncodedType(t)}, Result: binary,
		Run: func(args []duck.Vector, out duck.Vector, n int) error {
			for i := range n {
				v, err := read(args[0], t, i)
				if err == nil && v.Null {
					out.SetNull(i)
					continue
				}
				var data []byte
				if err == nil {
					data, err = t.Encode(v)
				}
				if err != nil {
					return fmt.Errorf("evm_encode_type: %w", err)
				}
				out.SetBytes(i, data)
			}
			return nil
		},
	}
}

// ShiftUnits is shift_units over decimal text and a number of digits.
func ShiftUnits(name string) duck.Function {
	return duck.Function{
		Name: name, Args: []arrow.DataType{text, arrow.PrimitiveTypes.Int64}, Result: text,
		Run: func(args []duck.Vector, out duck.Vector, n int) error {
			numbers, units := duck.Values[duck.Cell](args[0]), duck.Values[int64](args[1])
			a, b := args[0].Mask(), args[1].Mask()
			for i := range n {
				if !a.Valid(i) || !b.Valid(i) {
					out.SetNull(i)
					continue
				}
				shifted, err := shift(string(numbers[i].Bytes()), units[i])
				if err != nil {
					return fmt.Errorf("shift_units: %w", err)
				}
				out.SetBytes(i, []byte(shifted))
			}
			return nil
		},
	}
}

// maxUnits is how far shift_units shifts.
const maxUnits = 32

// shift is number times ten to the power of units, as decimal text without trailing zeros after the point.
func shift(number string, units int64) (string, error) {
	if units < -maxUnits || units > maxUnits {
		return "", fmt.Errorf("units are from -%d to %d, not %d", maxUnits, maxUnits, units)
	}
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(number), "e")
	if scientific {
		e, err := strconv.ParseInt(exponent, 10, 16)
		if err != nil {
			return "", fmt.Errorf("%q is no number", number)
		}
		units += e
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	n, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return "", fmt.Errorf("%q is no number", number)
	}
	places := int64(len(fraction)) - units // digits after the point
	if places <= 0 {
		return n.Mul(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(-places), nil)).String(), nil
	}
	digits, sign := new(big.Int).Abs(n).String(), ""
	if n.Sign() < 0 {
		sign = "-"
	}
	if missing := int(places) + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - int(places)
	out := sign + digits[:point]
	if rest := strings.TrimRight(digits[point:], "0"); rest != "" {
		out += "." + rest
	}
	return out, nil
}

// FieldNames are the names that the fields of a decoded struct have inside DuckDB: as given, but for names that are empty
// or differ in letter case only, which DuckDB cannot have.
func FieldNames(names []string) []string {
	out := make([]string, len(names))
	seen := map[string]bool{}
	for i, name := range names {
		if name == "" || seen[strings.ToLower(name)] {
			name = fmt.Sprintf("%s#%d", name, i)
		}
		seen[strings.ToLower(name)] = true
		out[i] = name
	}
	return out
}

func distinctFields(t *arrow.StructType) *arrow.StructType {
	fields := append([]arrow.Field(nil), t.Fields()...)
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	for i, name := range FieldNames(names) {
		fields[i].Name = name
	}
	return arrow.StructOf(fields...)
}
