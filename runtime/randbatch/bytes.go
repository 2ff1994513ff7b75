package randbatch

import (
	"bytes"
	"math/big"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/runtime"
)

// texts have what label files and contracts really contain.
var texts = [...]string{
	"USDC", "Wrapped Ether", "NONE", "INF", "00", "null", " trailing ", "it's \"quoted\", with commas", "two\nlines",
	"Pepe 🐸", "价值", "ß", "0xdeadbeef", "-", "a much longer text, which does not fit into the twelve bytes that a view holds inline",
}

// appendBytes appends text or binary. The least value is empty where it can be.
func (g generator) appendBytes(b array.Builder, f arrow.Field, e edge) bool {
	switch b := b.(type) {
	case *array.FixedSizeBinaryBuilder:
		width := f.Type.(*arrow.FixedSizeBinaryType).ByteWidth
		b.Append(pick(e, make([]byte, width), bytes.Repeat([]byte{0xff}, width), func() []byte { return g.bytes(width) }))
	case array.StringLikeBuilder: // before binary, whose interface it also has
		b.Append(g.text(f, e))
	case array.BinaryLikeBuilder:
		b.Append(pick(e, []byte{}, []byte{0xff, 0, 0xff}, func() []byte { return g.bytes(32 * g.IntN(5)) }))
	default:
		return false
	}
	return true
}

func (g generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

var (
	two255 = new(big.Int).Lsh(big.NewInt(1), 255)
	two256 = new(big.Int).Lsh(big.NewInt(1), 256)
	one    = big.NewInt(1)
)

func (g generator) text(f arrow.Field, e edge) string {
	logical, _ := f.Metadata.GetValue(runtime.LogicalKey)
	switch logical {
	case runtime.LogicalUint256:
		return pick(e, new(big.Int), new(big.Int).Sub(two256, one), g.amount).String()
	case runtime.LogicalInt256:
		return pick(e, new(big.Int).Neg(two255), new(big.Int).Sub(two255, one), func() *big.Int {
			return new(big.Int).Sub(g.amount(), big.NewInt(1_000_000))
		}).String()
	}
	return pick(e, "", texts[len(texts)-1], func() string { return texts[g.IntN(len(texts))] })
}

// amount is a token amount in its smallest unit: mostly below 2^96.
func (g generator) amount() *big.Int {
	if g.IntN(100) == 0 {
		return g.integer(254)
	}
	return g.integer(1 + g.IntN(96))
}
