// Package synth makes a seeded synthetic Ethereum chain whose shapes follow what mainnet blocks look like: how many logs
// and transactions a block has, how popular tokens and addresses are, how large amounts and event data are.
//
// A block is a function of the seed, its parent's hash and a salt alone, so the same steps give the same bytes, and a block
// that replaces another differs in its rows. Hashes, addresses and amounts are random over their whole width: data that is
// easier to compress than the real one flatters whatever stores it. What cannot be true of a synthetic chain (the bloom
// filter, the roots, the hashes as hashes of anything) is random too.
package synth

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
	"github.com/ampgen/ampgen/ampgen/internal/abi"
)

// Address is an account or contract address.
type Address [20]byte

// Word is 32 bytes: a hash, a topic or a storage key.
type Word [32]byte

// Block is a header and what its block holds. Logs and transactions are in index order.
type Block struct {
	chain.Block
	Miner                                      Address
	OmmersHash, StateRoot, TxRoot, ReceiptRoot Word
	MixHash, WithdrawalsRoot, BeaconRoot       Word
	Bloom                                      [256]byte
	GasUsed, BlobGasUsed, ExcessBlobGas        uint64
	BaseFee                                    uint64 // wei per gas
	Transactions                               []Transaction
	Logs                                       []Log
}

// GasLimit is the gas limit of every synthetic block.
const GasLimit = 36_000_000

// Transaction is one transaction. It has no access list; its type is 0 (legacy) or 2 (dynamic fee).
type Transaction struct {
	Hash              Word
	From, To          Address
	Creates           bool // a contract creation: To has no meaning
	Nonce             uint64
	Type              int32
	GasLimit, GasUsed uint64
	GasPrice, MaxFee  uint64 // wei per gas; MaxFee and MaxPriorityFee are of type 2 only
	MaxPriorityFee    uint64
	Value             Word // big-endian
	Input             []byte
	R, S              Word
	Parity, Failed    bool
	CumulativeGas     uint64
}

// Log is one log. Data is shared with nothing else of the block.
type Log struct {
	TxIndex, LogIndex uint32
	Address           Address
	Topics            [4]Word
	TopicCount        int
	Data              []byte
}

// Generator makes blocks. It is safe for concurrent use.
type Generator struct {
	seed      uint64
	tokens    *population
	addresses *population
}

// New returns the generator of a seed.
func New(seed uint64) *Generator {
	rng := rand.New(rand.NewPCG(seed, 0x746f6b656e73))
	return &Generator{
		seed:      seed,
		tokens:    newPopulation(rng, []float64{0.254, 0.161, 0.072}, 0.3, 130, 1<<14),
		addresses: newPopulation(rng, []float64{0.034, 0.022, 0.020, 0.012, 0.012, 0.011}, 0.65, 300, 1<<18),
	}
}

// genesisTime is the time of a first block, in unix seconds.
const genesisTime = 1_700_000_003

// First is the lowest block of a chain. Its parent hash is zero for number 0 and random otherwise.
func (g *Generator) First(number uint64) *Block {
	parent := chain.Block{Number: number - 1, Time: genesisTime - 12}
	if number > 0 {
		g.stream(chain.Hash{}, number).words((*Word)(&parent.Hash))
	}
	b := g.Next(parent, 0)
	b.Number = number
	return b
}

// Next makes a block on top of parent. Different salts give different blocks.
func (g *Generator) Next(parent chain.Block, salt uint64) *Block {
	r := g.stream(parent.Hash, salt)
	b := &Block{Block: chain.Block{Number: parent.Number + 1, Parent: parent.Hash, Time: parent.Time + 12}}
	if r.Float64() < 0.01 { // a missed slot
		b.Time += 12
	}
	r.words((*Word)(&b.Hash), &b.OmmersHash, &b.StateRoot, &b.TxRoot, &b.ReceiptRoot, &b.MixHash, &b.WithdrawalsRoot, &b.BeaconRoot)
	r.fill(b.Bloom[:])
	b.Miner = g.address(g.addresses.draw(r))
	b.BaseFee = uint64(math.Exp(23 + 0.6*r.NormFloat64()))
	b.BlobGasUsed = 131_072 * r.Uint64N(7)
	b.ExcessBlobGas = 131_072 * r.Uint64N(500)
	g.transactions(r, b)
	g.logs(r, b)
	return b
}

// stream is the random stream of one block.
func (g *Generator) stream(parent chain.Hash, salt uint64) random {
	var in [48]byte
	binary.LittleEndian.PutUint64(in[:], g.seed)
	copy(in[8:], parent[:])
	binary.LittleEndian.PutUint64(in[40:], salt)
	h := abi.Keccak256(in[:])
	return random{rand.New(rand.NewPCG(binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:])))}
}

// address is the address of a rank in the population of accounts.
func (g *Generator) address(rank uint64) Address { return derive(g.seed^0xadd2e55, rank) }

// derive makes an address that looks random from two numbers.
func derive(seed, rank uint64) Address {
	var a Address
	x := mix(seed ^ mix(rank))
	binary.LittleEndian.PutUint64(a[0:], x)
	binary.LittleEndian.PutUint64(a[8:], mix(x+1))
	binary.LittleEndian.PutUint32(a[16:], uint32(mix(x+2)))
	return a
}

// mix is the finaliser of splitmix64: a bijection of 64-bit numbers without visible pattern.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// random adds to rand.Rand what blocks are made of.
type random struct{ *rand.Rand }

// fill writes random bytes.
func (r random) fill(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, r.Uint64())
	}
	if len(b) > 0 {
		var last [8]byte
		binary.LittleEndian.PutUint64(last[:], r.Uint64())
		copy(b, last[:])
	}
}

// words makes each word random.
func (r random) words(words ...*Word) {
	for _, w := range words {
		r.fill(w[:])
	}
}

// gamma draws from the gamma distribution with the given shape and scale 1 (Marsaglia and Tsang).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// beta draws from the beta distribution.
func beta(r *rand.Rand, a, b float64) float64 {
	x := gamma(r, a)
	return x / (x + gamma(r, b))
}
