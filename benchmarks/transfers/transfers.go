// Package transfers makes record batches of ERC-20 transfers for benchmarks: synthetic rows with the shapes measured on mainnet.
package transfers

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// BatchRows is how many rows a record batch of the source has.
const BatchRows = 8192

// population draws the columns of ERC-20 transfers with the shapes measured on mainnet: few tokens make most transfers, most
// addresses occur a few times, hashes are random, and a third of the values needs more than 64 bits.
type population struct {
	rng       *rand.Rand
	tokens    [][20]byte
	symbols   []string // empty: the token has no label
	addresses [][20]byte
}

func newPopulation(seed uint64) *population {
	p := &population{rng: rand.New(rand.NewPCG(seed, 20))}
	for i := range 4800 {
		p.tokens = append(p.tokens, p.address())
		symbol := ""
		if i < 100 || p.rng.IntN(100) < 45 {
			symbol = fmt.Sprintf("TOKEN%d", i)
		}
		p.symbols = append(p.symbols, symbol)
	}
	for range 130_000 {
		p.addresses = append(p.addresses, p.address())
	}
	return p
}

func (p *population) address() (a [20]byte) {
	h := p.hash()
	copy(a[:], h[:])
	return a
}

func (p *population) hash() (h [32]byte) {
	for i := 0; i < len(h); i += 8 {
		binary.LittleEndian.PutUint64(h[i:], p.rng.Uint64())
	}
	return h
}

// skewed draws an index below n, small ones far more often.
func (p *population) skewed(n int) int {
	return int(math.Pow(float64(n+1), math.Pow(p.rng.Float64(), 1.6))) - 1
}

// value is an amount in a token's smallest unit, as Amp's decimal text.
func (p *population) value() string {
	if p.rng.IntN(27) == 0 {
		return "0"
	}
	digits := 6 + int(math.Abs(p.rng.NormFloat64())*9)
	v := new(big.Int).SetUint64(1 + p.rng.Uint64N(1<<53))
	return v.Mul(v, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(digits-12, 0))), nil)).String()
}

// Batches makes n rows of schema in record batches, always the same: about 180 rows a block, 12 seconds a block.
func Batches(n int, schema *arrow.Schema) []arrow.RecordBatch {
	p := newPopulation(1)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	block, index, left := uint64(17_686_110), uint32(0), 0
	var blockHash [32]byte
	var out []arrow.RecordBatch
	for row := range n {
		if left == 0 {
			block, index, left = block+1, 0, 60+p.rng.IntN(240)
			blockHash = p.hash()
		}
		left--
		index += 1 + p.rng.Uint32N(3)
		p.appendRow(b, block, blockHash[:], index)
		if (row+1)%BatchRows == 0 || row == n-1 {
			out = append(out, b.NewRecordBatch())
		}
	}
	return out
}

// appendRow fills the columns of the schema by name, so that it fits every choice of columns of the query.
func (p *population) appendRow(b *array.RecordBuilder, block uint64, blockHash []byte, logIndex uint32) {
	txHash, token := p.hash(), p.skewed(len(p.tokens))
	for i, f := range b.Schema().Fields() {
		switch f.Name {
		case "block_num":
			b.Field(i).(*array.Uint64Builder).Append(block)
		case "block_hash":
			b.Field(i).(*array.FixedSizeBinaryBuilder).Append(blockHash)
		case "timestamp":
			b.Field(i).(*array.TimestampBuilder).Append(arrow.Timestamp((1_438_269_973 + 12*int64(block)) * 1e9))
		case "tx_hash":
			b.Field(i).(*array.FixedSizeBinaryBuilder).Append(txHash[:])
		case "tx_index":
			b.Field(i).(*array.Uint32Builder).Append(logIndex / 2)
		case "log_index":
			b.Field(i).(*array.Uint32Builder).Append(logIndex)
		case "token_address":
			b.Field(i).(*array.FixedSizeBinaryBuilder).Append(p.tokens[token][:])
		case "from_address", "to_address":
			b.Field(i).(*array.FixedSizeBinaryBuilder).Append(p.addresses[p.skewed(len(p.addresses))][:])
		case "value":
			b.Field(i).(*array.StringBuilder).Append(p.value())
		default:
			p.appendLabel(b.Field(i), f.Name, p.symbols[token])
		}
	}
}

// appendLabel fills a label's column, which is null for tokens without a label.
func (p *population) appendLabel(b array.Builder, name, symbol string) {
	switch b := b.(type) {
	case *array.StringBuilder:
		switch {
		case symbol == "":
			b.AppendNull()
		case name == "name":
			b.Append("The token " + symbol)
		default:
			b.Append(symbol)
		}
	case *array.Int64Builder:
		if symbol == "" {
			b.AppendNull()
		} else {
			b.Append(18)
		}
	default:
		b.AppendNull()
	}
}
