package abi

import (
	"github.com/holiman/uint256"
)

// Value is one decoded Solidity value. Which field holds it follows from its Type:
//
//	bool             Int, 0 or 1
//	intN, uintN      Int; negative numbers in two's complement over 256 bits
//	address, bytesN  Bytes, of the type's width
//	bytes            Bytes
//	string           Text, valid UTF-8
//	T[], T[n]        Items
//	tuple            Items, one per component
//	indexed dynamic  Bytes, the 32-byte hash
//
// Bytes of a decoded value alias the data that it was decoded from.
type Value struct {
	Null  bool // the other fields are zero
	Int   uint256.Int
	Bytes []byte
	Text  string
	Items []Value
}

// Bool is the value of a bool.
func (v *Value) Bool() bool { return !v.Int.IsZero() }

// Int64 is the value of an intN of up to 64 bits.
func (v *Value) Int64() int64 { return int64(v.Int.Uint64()) }

// Uint64 is the value of a uintN of up to 64 bits.
func (v *Value) Uint64() uint64 { return v.Int.Uint64() }

// Decimal is the decimal text of an integer of type t, which is what Amp makes of int256 and uint256.
func (v *Value) Decimal(t Type) string {
	if t.Kind == Int && v.Int.Sign() < 0 {
		var abs uint256.Int
		return "-" + abs.Neg(&v.Int).Dec()
	}
	return v.Int.Dec()
}

// null is the value of what is absent or does not decode.
var null = Value{Null: true}
