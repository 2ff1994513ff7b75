// Package abi reads Solidity signatures: it parses events, functions and types, hashes them, maps them to Arrow by Amp's
// rules, and decodes and encodes the values that they describe.
//
// The package is pure and knows nothing of SQL. Faults in a signature are *Error values whose position counts bytes within
// the signature text, so that a caller that knows where the text stands can point into it.
package abi

import (
	"strconv"
	"strings"

	"golang.org/x/crypto/sha3"
)

// Kind is the class of a Solidity type.
type Kind uint8

const (
	Bool       Kind = iota // bool
	Int                    // int8 … int256; Type.Bits
	Uint                   // uint8 … uint256; Type.Bits
	Address                // address
	FixedBytes             // bytes1 … bytes32; Type.Size
	Bytes                  // bytes
	String                 // string
	Array                  // T[]; Type.Elem
	FixedArray             // T[n]; Type.Elem, Type.Size
	Tuple                  // (T, U); Type.Fields
)

// Type is one Solidity type. The zero Type is bool.
type Type struct {
	Kind   Kind
	Bits   int    // of Int and Uint: a multiple of 8, 8 to 256
	Size   int    // of FixedBytes the width in bytes, of FixedArray the number of elements
	Elem   *Type  // of Array and FixedArray
	Fields []Type // of Tuple; Amp drops component names, so they are not kept
}

// Param is one parameter of an event or a function.
type Param struct {
	Name    string // as written; empty when the signature does not name it
	Type    Type
	Indexed bool // events only

	start, end int // within the signature
}

// Event is a parsed event signature.
type Event struct {
	Name      string
	Params    []Param // in the order of the signature
	Anonymous bool
}

// Function is a parsed function signature. Return types are checked and dropped: nothing in Amp reads them.
type Function struct {
	Name   string
	Inputs []Param
}

// Error is a fault in a signature.
type Error struct {
	Offset  int    // first byte of the fault within the signature text
	Length  int    // bytes; 0 when the fault is the end of the text
	Message string // lower case, no full stop
	Help    string // an edit; may be empty
}

func (e *Error) Error() string {
	if e.Help != "" {
		return e.Message + " (" + e.Help + ")"
	}
	return e.Message
}

// String is the canonical form of t, the one that is hashed: no aliases, names or spaces.
func (t Type) String() string {
	switch t.Kind {
	case Bool:
		return "bool"
	case Int:
		return "int" + strconv.Itoa(t.Bits)
	case Uint:
		return "uint" + strconv.Itoa(t.Bits)
	case Address:
		return "address"
	case FixedBytes:
		return "bytes" + strconv.Itoa(t.Size)
	case Bytes:
		return "bytes"
	case String:
		return "string"
	case Array:
		return t.Elem.String() + "[]"
	case FixedArray:
		return t.Elem.String() + "[" + strconv.Itoa(t.Size) + "]"
	default:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = f.String()
		}
		return "(" + strings.Join(parts, ",") + ")"
	}
}

// Signature is the canonical text of e, such as "Transfer(address,address,uint256)".
func (e *Event) Signature() string { return signature(e.Name, e.Params) }

// Topic0 is the Keccak-256 hash of the canonical signature. An anonymous event has none in its logs.
func (e *Event) Topic0() [32]byte { return Keccak256([]byte(e.Signature())) }

// Indexed returns the parameters that are topics, Body those that are in the data, each in the order of the signature.
func (e *Event) Indexed() []Param { return e.filter(true) }

// Body returns the parameters that are not indexed, in the order of the signature.
func (e *Event) Body() []Param { return e.filter(false) }

func (e *Event) filter(indexed bool) []Param {
	var out []Param
	for _, p := range e.Params {
		if p.Indexed == indexed {
			out = append(out, p)
		}
	}
	return out
}

// Signature is the canonical text of f, such as "transfer(address,uint256)".
func (f *Function) Signature() string { return signature(f.Name, f.Inputs) }

// Selector is the first four bytes of the Keccak-256 hash of the canonical signature.
func (f *Function) Selector() [4]byte {
	hash := Keccak256([]byte(f.Signature()))
	return [4]byte(hash[:4])
}

// Keccak256 is the hash of Ethereum, which is Keccak before SHA-3 changed its padding.
func Keccak256(data []byte) [32]byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(data)
	return [32]byte(h.Sum(nil))
}

func signature(name string, params []Param) string {
	types := make([]Type, len(params))
	for i, p := range params {
		types[i] = p.Type
	}
	return name + Type{Kind: Tuple, Fields: types}.String()
}
