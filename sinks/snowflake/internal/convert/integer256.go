package convert

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

var (
	wordType   = &arrow.FixedSizeBinaryType{ByteWidth: 32}
	numberType = &arrow.Decimal128Type{Precision: 38}
)

// integer256 converts decimal text to the form that is set for 256-bit integers.
func integer256(f arrow.Field, logical string, form ddl.Uint256) (arrow.DataType, Func) {
	switch form {
	case ddl.Uint256Binary:
		return wordType, func(a arrow.Array) (arrow.Array, error) { return words(a, logical) }
	case ddl.Uint256Number:
		return numberType, numbers
	}
	checked := same(func(a arrow.Array) error {
		return eachValid(a, func(i int) error {
			if s := a.(array.StringLike).Value(i); !IsInteger(s) {
				return fmt.Errorf("%q is not a decimal integer", s)
			}
			return nil
		})
	})
	if f.Type.ID() != arrow.STRING_VIEW {
		return f.Type, checked
	}
	return arrow.BinaryTypes.String, chain(checked, contiguous(arrow.BinaryTypes.String))
}

// chain converts by the one and then the other.
func chain(first, second Func) Func {
	return func(a arrow.Array) (arrow.Array, error) {
		between, err := first(a)
		if err != nil {
			return nil, err
		}
		defer between.Release()
		return second(between)
	}
}

// words makes 32 bytes of each integer, big-endian; int256 in two's complement.
func words(a arrow.Array, logical string) (arrow.Array, error) {
	return fixed(a, wordType, 32, func(raw []byte) error {
		return eachValid(a, func(i int) error {
			s := a.(array.StringLike).Value(i)
			v, err := ParseInteger(s)
			if err != nil {
				return err
			}
			if logical == runtime.LogicalUint256 && !v.FitsUint256() || logical == runtime.LogicalInt256 && !v.FitsInt256() {
				return fmt.Errorf("%s is no %s", s, logical)
			}
			v.PutBigEndian(raw[32*i:])
			return nil
		})
	})
}

// numbers makes NUMBER(38,0) of each integer.
func numbers(a arrow.Array) (arrow.Array, error) {
	return fixed(a, numberType, 16, func(raw []byte) error {
		out := arrow.Decimal128Traits.CastFromBytes(raw)
		clear(out)
		return eachValid(a, func(i int) error {
			s := a.(array.StringLike).Value(i)
			v, err := ParseInteger(s)
			if err != nil {
				return err
			}
			var fits bool
			if out[i], fits = v.Decimal128(); !fits {
				out[i] = decimal128.Num{}
				return fmt.Errorf("%s has more than the 38 digits of NUMBER(38,0); choose text or binary for 256-bit integers", s)
			}
			return nil
		})
	})
}
