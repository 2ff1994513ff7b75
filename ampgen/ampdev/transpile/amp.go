package transpile

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/ampdev/udf"
	"github.com/ampgen/ampgen/ampgen/internal/abi"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// ampFunction writes a call of one of Amp's own functions; ok is false for other names.
func (w *writer) ampFunction(e *sql.Call, name string) (text string, ok bool) {
	switch name {
	case "block_num":
		if !w.streaming() {
			return w.fail(e, "block_num() is for streams only"), true
		}
		if len(w.blocks) == 0 {
			return "0::UBIGINT", true
		}
		return w.blocks[len(w.blocks)-1], true
	case "evm_topic":
		return w.topic(e), true
	case "evm_encode_hex":
		return w.encodeHex(e), true
	case "evm_decode_hex":
		return "('0x' || lower(hex(" + list(w.arguments(e)) + ")))", true
	case "evm_decode_log", "evm_decode":
		return w.decodeLog(e), true
	case "evm_decode_params":
		return w.bySignature(e, "decode_params", func(signature, name string) (duck.Function, error) {
			f, err := abi.ParseFunction(signature)
			if err != nil {
				return duck.Function{}, err
			}
			return udf.DecodeParams(name, f)
		}), true
	case "evm_encode_params":
		return w.bySignature(e, "encode_params", func(signature, name string) (duck.Function, error) {
			f, err := abi.ParseFunction(signature)
			if err != nil {
				return duck.Function{}, err
			}
			return udf.EncodeParams(name, f), nil
		}), true
	case "evm_decode_type":
		return w.bySignature(e, "decode_type", func(signature, name string) (duck.Function, error) {
			t, err := abi.ParseType(signature)
			return udf.DecodeType(name, t), err
		}), true
	case "evm_encode_type":
		return w.bySignature(e, "encode_type", func(signature, name string) (duck.Function, error) {
			t, err := abi.ParseType(signature)
			return udf.EncodeType(name, t), err
		}), true
	case "shift_units":
		args := w.arguments(e)
		if len(args) != 2 {
			return w.fail(e, "shift_units takes 2 arguments, not %d", len(args)), true
		}
		f := udf.ShiftUnits("amp_shift_units")
		w.functions[f.Name] = f
		return fmt.Sprintf("%s(CAST(%s AS VARCHAR), CAST(%s AS BIGINT))", f.Name, args[0], args[1]), true
	}
	return "", false
}

func (w *writer) topic(e *sql.Call) string {
	signature, ok := w.literalText(e, 0)
	if !ok {
		return "NULL"
	}
	event, err := abi.ParseEvent(signature)
	if err != nil {
		return w.fail(e, "%v", err)
	}
	hash := event.Topic0()
	return "unhex('" + hex.EncodeToString(hash[:]) + "')"
}

func (w *writer) encodeHex(e *sql.Call) string {
	digits, ok := w.literalText(e, 0)
	if !ok {
		return "NULL"
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(digits, "0x"))
	if err != nil || len(raw) != 20 && len(raw) != 32 {
		return w.fail(e, "evm_encode_hex takes 40 or 64 hexadecimal digits")
	}
	return "unhex('" + hex.EncodeToString(raw) + "')"
}

func (w *writer) decodeLog(e *sql.Call) string {
	if signature, ok := w.literalText(e, len(e.Args)-1); ok {
		if event, err := abi.ParseEvent(signature); err == nil && len(event.Params) == 0 {
			return "NULL"
		}
	}
	return w.bySignature(e, "decode_log", func(signature, name string) (duck.Function, error) {
		event, err := abi.ParseEvent(signature)
		if err != nil {
			return duck.Function{}, err
		}
		return udf.DecodeLog(name, event), nil
	})
}

// bySignature writes a call of a function that is made for the signature in the last argument. The other arguments are cast
// to the function's types.
func (w *writer) bySignature(e *sql.Call, prefix string, make func(signature, name string) (duck.Function, error)) string {
	last := len(e.Args) - 1
	signature, ok := w.literalText(e, last)
	if !ok {
		return "NULL"
	}
	hash := abi.Keccak256([]byte(signature))
	f, err := make(signature, "amp_"+prefix+"_"+hex.EncodeToString(hash[:8]))
	if err != nil {
		return w.fail(e.Args[last], "%v", err)
	}
	if last != len(f.Args) {
		return w.fail(e, "%s takes %d arguments for this signature, not %d", e.Name[0].Name, len(f.Args)+1, len(e.Args))
	}
	w.functions[f.Name] = f
	args := w.arguments(e)[:last]
	for i, t := range f.Args {
		args[i] = castArgument(args[i], t)
	}
	return f.Name + "(" + list(args) + ")"
}

// castArgument needs no cast for binaries: a cast of text to BLOB would read escapes, and nothing else becomes one.
func castArgument(value string, t arrow.DataType) string {
	if t.ID() == arrow.BINARY {
		return value
	}
	name, err := duck.TypeName(t)
	if err != nil {
		return value
	}
	return "CAST(" + value + " AS " + name + ")"
}
