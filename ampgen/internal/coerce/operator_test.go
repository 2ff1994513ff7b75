package coerce

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

func typesOf(t *testing.T, texts ...string) []arrow.DataType {
	t.Helper()
	out := make([]arrow.DataType, len(texts))
	for i, text := range texts {
		dt, err := ParseType(text)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = dt
	}
	return out
}

// TestAnnouncedDiffersFromActual holds the arithmetic that users meet first.
func TestAnnouncedDiffersFromActual(t *testing.T) {
	for _, tt := range []struct {
		op                Op
		announced, actual string
	}{
		{Plus, "Decimal128(20, 0)", "Decimal128(21, 0)"},
		{Multiply, "Decimal128(20, 0)", "Decimal128(38, 0)"},
		{Divide, "Decimal128(20, 0)", "Decimal128(24, 4)"},
		{Modulo, "Decimal128(20, 0)", "Decimal128(20, 0)"},
	} {
		announced, err := Announced(tt.op, uint64Type, int64Type)
		if err != nil || Format(announced) != tt.announced {
			t.Errorf("UInt64 %s Int64 announces %v, %v", tt.op, announced, err)
		}
		actual, err := Actual(tt.op, uint64Type, int64Type)
		if err != nil || Format(actual) != tt.actual {
			t.Errorf("UInt64 %s Int64 is %v, %v", tt.op, actual, err)
		}
	}
}

func TestFaultsSayWhatToDo(t *testing.T) {
	fault := func(_ arrow.DataType, err error) error { return err }
	types := typesOf(t, "FixedSizeBinary(20)", "FixedSizeBinary(32)", "Utf8", "Int64", "UInt64", "Boolean", "Struct()")
	address, hash, word, whole, unsigned, truth, record := types[0], types[1], types[2], types[3], types[4], types[5], types[6]
	for _, tt := range []struct {
		err  error
		want string
	}{
		{fault(Actual(Eq, address, word)), "operator = does not take FixedSizeBinary(20) and Utf8 (write bytes as x'…', without 0x, or compare text with evm_decode_hex(column))"},
		{fault(Actual(Eq, address, hash)), "operator = does not take FixedSizeBinary(20) and FixedSizeBinary(32) (the widths differ)"},
		{fault(Announced(Plus, word, whole)), "operator + does not take Utf8 and Int64 (cast the text to a number first, such as CAST(x AS DECIMAL(76, 0)))"},
		{fault(Announced(And, whole, truth)), "operator AND does not take Int64 and Boolean (cast one side to the type of the other)"},
		{fault(Announced("//", whole, whole)), "DataFusion has no operator //"},
		{fault(Negate(unsigned)), "- does not take UInt64 (cast it to a signed type first, such as CAST(x AS BIGINT))"},
		{fault(Identity(word)), "+ does not take Utf8"},
		{Truth(word), "expected a Boolean, found Utf8 (write a comparison)"},
		{fault(Branches([]arrow.DataType{truth}, whole)), "the branches of CASE have no common type: Int64 and Boolean (cast them to one type)"},
		{fault(Inputs([]arrow.DataType{address, hash})), "the inputs of UNION have no common type: FixedSizeBinary(20) and FixedSizeBinary(32) (cast them to one type)"},
		{Membership(address, []arrow.DataType{word}), "IN does not take FixedSizeBinary(20) and Utf8 (cast them to one type)"},
		{Between(truth, whole, whole), "BETWEEN does not take Boolean, Int64 and Int64 (cast them to one type)"},
		{Like(record, word), "LIKE does not take Struct() and Utf8 (cast both sides to text)"},
	} {
		if tt.err == nil || tt.err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", tt.err, tt.want)
		}
	}
}

func TestEqualSeesNamesAndNullability(t *testing.T) {
	types := typesOf(t, "List(Int64)", "List(Int64, field: 'element')", "List(non-null Int64)", `Struct("a": Int64)`, `Struct("b": Int64)`)
	for i := range types {
		for j := range types {
			if Equal(types[i], types[j]) != (i == j) {
				t.Errorf("Equal(%s, %s) = %v", Format(types[i]), Format(types[j]), i != j)
			}
		}
	}
	if !sameShape(types[0], types[1]) || sameShape(types[0], types[2]) || !sameShape(types[3], types[4]) {
		t.Error("a comparison ignores names and sees nullability")
	}
}
