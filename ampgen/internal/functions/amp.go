package functions

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/abi"
	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// ampFunctions are Amp's own functions. Those that take a Solidity signature need it as a literal, since it decides their
// type.
var ampFunctions = []*Function{
	{Name: "evm_decode_log", sig: decodeLog, returns: decodedLog, nullable: ifNoParams, literals: map[int]literalRule{4: text}},
	{Name: "evm_decode", Replacement: "evm_decode_log",
		sig: decodeLog, returns: decodedLog, nullable: ifNoParams, literals: map[int]literalRule{4: text}},
	{Name: "evm_topic", sig: exactly("Utf8"), returns: topic, literals: map[int]literalRule{0: text}},
	{Name: "evm_encode_hex", sig: exactly("Utf8"), returns: encodedHex, nullable: never, literals: map[int]literalRule{0: text}},
	{Name: "evm_decode_hex", sig: oneOf{exactly("FixedSizeBinary(20)"), exactly("FixedSizeBinary(32)")},
		returns: fixed("Utf8"), literals: map[int]literalRule{0: varying}},
	{Name: "evm_decode_params", sig: exactly("Binary", "Utf8"), returns: decodedParams, literals: map[int]literalRule{1: text}},
	{Name: "evm_encode_params", sig: custom{1, -1, asTheyAre}, returns: encodedParams},
	{Name: "evm_decode_type", sig: exactly("Binary", "Utf8"), returns: decodedType, saysNever: true, literals: map[int]literalRule{1: text}},
	{Name: "evm_encode_type", sig: custom{2, 2, asTheyAre}, returns: encodedType, literals: map[int]literalRule{1: text}},
	{Name: "shift_units", sig: custom{2, 2, shiftable}, returns: fixed("Utf8"), literals: map[int]literalRule{1: unitRange}},
	{Name: "block_num", sig: nullary{}, returns: fixed("UInt64"), StreamOnly: true},
}

// datasetFunctions belong to a dataset, as in eth_rpc.eth_call(…).
var datasetFunctions = []*Function{
	{Name: "eth_call", Volatility: Volatile, sig: custom{4, 4, callable},
		returns: fixed(`Struct("data": Binary, "message": Utf8)`)},
}

// decodeLog is three topics, the data of a log, and the signature of the event.
var decodeLog = exactly("FixedSizeBinary(32)", "FixedSizeBinary(32)", "FixedSizeBinary(32)", "Binary", "Utf8")

func decodedLog(c *call) (arrow.DataType, error) {
	event, err := abi.ParseEvent(c.args[4].Literal.Text)
	if err != nil {
		return nil, c.badSignature(4, err)
	}
	return event.ArrowType(), nil
}

// ifNoParams is nullable for an event without parameters, which decodes to NULL. The struct of any other event is never
// null, only its fields.
func ifNoParams(c *call) bool {
	event, err := abi.ParseEvent(c.args[4].Literal.Text)
	return err == nil && len(event.Params) == 0
}

func topic(c *call) (arrow.DataType, error) {
	event, err := abi.ParseEvent(c.args[0].Literal.Text)
	if err != nil {
		return nil, c.badSignature(0, err)
	}
	if event.Anonymous {
		return nil, c.invalid(0, "an anonymous event has no topic", "remove anonymous from the signature")
	}
	return &arrow.FixedSizeBinaryType{ByteWidth: 32}, nil
}

// encodedHex is as wide as an address or a hash, by the number of digits.
func encodedHex(c *call) (arrow.DataType, error) {
	digits := strings.TrimPrefix(c.args[0].Literal.Text, "0x")
	if _, err := hex.DecodeString(digits); err != nil || len(digits) != 40 && len(digits) != 64 {
		return nil, c.invalid(0, fmt.Sprintf("expected 40 or 64 hex digits, found %d characters", len(digits)), "write the whole address or hash")
	}
	return &arrow.FixedSizeBinaryType{ByteWidth: len(digits) / 2}, nil
}

func decodedParams(c *call) (arrow.DataType, error) {
	function, err := abi.ParseFunction(c.args[1].Literal.Text)
	if err != nil {
		return nil, c.badSignature(1, err)
	}
	dt, err := function.InputsArrowType()
	if err != nil {
		return nil, c.badSignature(1, err)
	}
	return dt, nil
}

// encodedParams checks the values against the parameters, which the server does row by row.
func encodedParams(c *call) (arrow.DataType, error) {
	last := len(c.args) - 1
	if err := text(c, last); err != nil {
		return nil, err
	}
	function, err := abi.ParseFunction(c.args[last].Literal.Text)
	if err != nil {
		return nil, c.badSignature(last, err)
	}
	if len(function.Inputs) != last {
		return nil, &Error{Kind: Arity, Function: c.fn.Name, Arg: -1,
			Message: fmt.Sprintf("%s of the signature has %s, and there are %d", function.Name, count(len(function.Inputs), "parameter"), last),
			Help:    "write one value for each parameter, and the signature last"}
	}
	for i, input := range function.Inputs {
		if err := c.encodes(i, input.Type); err != nil {
			return nil, err
		}
	}
	return binary, nil
}

func decodedType(c *call) (arrow.DataType, error) {
	t, err := abi.ParseType(c.args[1].Literal.Text)
	if err != nil {
		return nil, c.badSignature(1, err)
	}
	return t.ArrowType(), nil
}

func encodedType(c *call) (arrow.DataType, error) {
	t, err := abi.ParseType(c.args[1].Literal.Text)
	if err != nil {
		return nil, c.badSignature(1, err)
	}
	return binary, c.encodes(0, t)
}

// badSignature places a fault of a Solidity signature in the literal that holds it.
func (c *call) badSignature(i int, err error) error {
	e := &Error{Kind: Value, Function: c.fn.Name, Arg: i, Message: err.Error()}
	var fault *abi.Error
	if errors.As(err, &fault) {
		e.Offset, e.Length, e.Message, e.Help = fault.Offset, fault.Length, fault.Message, fault.Help
	}
	return e
}

// encodes checks that the value of argument i encodes as a Solidity type.
func (c *call) encodes(i int, t abi.Type) error {
	if encodable(c.types[i], t) {
		return nil
	}
	help := "cast it to " + coerce.Format(t.ArrowType())
	if (t.Kind == abi.Int || t.Kind == abi.Uint) && !coerce.IsInteger(t.ArrowType()) {
		help = "write CAST(x AS DECIMAL(76, 0))" // integers that decode to text encode from a decimal
	}
	return &Error{Kind: Type, Function: c.fn.Name, Arg: i,
		Message: fmt.Sprintf("%s does not encode as %s", coerce.Format(c.types[i]), t), Help: help}
}

// encodable reports whether Amp encodes values of dt as t.
func encodable(dt arrow.DataType, t abi.Type) bool {
	switch t.Kind {
	case abi.Bool:
		return dt.ID() == arrow.BOOL
	case abi.Int, abi.Uint:
		if d, ok := dt.(arrow.DecimalType); ok {
			return d.GetScale() <= 0
		}
		return t.Kind == abi.Int && coerce.IsSigned(dt) || t.Kind == abi.Uint && coerce.IsUnsigned(dt)
	case abi.Address:
		return isFixedBinary(dt, 20)
	case abi.FixedBytes:
		return isFixedBinary(dt, t.Size)
	case abi.Bytes:
		return coerce.IsBinary(dt)
	case abi.String:
		return coerce.IsString(dt)
	case abi.Array:
		list, ok := dt.(*arrow.ListType)
		return ok && encodable(list.Elem(), *t.Elem)
	case abi.FixedArray:
		list, ok := dt.(*arrow.FixedSizeListType)
		return ok && int(list.Len()) == t.Size && encodable(list.Elem(), *t.Elem)
	}
	tuple, ok := dt.(*arrow.StructType)
	if !ok || tuple.NumFields() != len(t.Fields) {
		return false
	}
	for i, f := range t.Fields {
		if !encodable(tuple.Field(i).Type, f) {
			return false
		}
	}
	return true
}

func isFixedBinary(dt arrow.DataType, width int) bool {
	fixed, ok := dt.(*arrow.FixedSizeBinaryType)
	return ok && fixed.ByteWidth == width
}

// varying requires an argument that is not constant: Amp runs evm_decode_hex over columns only.
func varying(c *call, i int) error {
	if a := c.args[i]; a.Literal == nil && !a.Constant {
		return nil
	}
	return c.invalid(i, c.fn.Name+" runs over columns only", "write the text itself")
}

// shiftable is a number or a text that is no view, and the number of places.
func shiftable(args []arrow.DataType) ([]arrow.DataType, bool) {
	value, units := args[0], args[1]
	switch value.ID() {
	case arrow.FLOAT32, arrow.FLOAT64, arrow.DECIMAL128, arrow.DECIMAL256, arrow.STRING, arrow.NULL:
	default:
		if !coerce.IsInteger(value) {
			return nil, false
		}
	}
	return args, coerce.IsInteger(units) || units.ID() == arrow.STRING
}

// maxShift is the number of places beyond which shift_units fails.
const maxShift = 32

func unitRange(c *call, i int) error {
	literal := c.args[i].Literal
	if literal == nil {
		return nil
	}
	units, err := strconv.Atoi(literal.Text)
	if err != nil || units < -maxShift || units > maxShift {
		return c.invalid(i, "units are a whole number from -32 to 32", "")
	}
	return nil
}

// callable is a sender, a contract, calldata and a block, by number or name. Sender and calldata may be NULL.
func callable(args []arrow.DataType) ([]arrow.DataType, bool) {
	block := args[3].ID() == arrow.STRING || args[3].ID() == arrow.UINT64 || args[3].ID() == arrow.INT64
	return args, (coerce.IsNull(args[0]) || isFixedBinary(args[0], 20)) && isFixedBinary(args[1], 20) &&
		(coerce.IsNull(args[2]) || args[2].ID() == arrow.BINARY) && block
}
