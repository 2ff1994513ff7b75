package synth

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
)

// Token is what labels say of a token.
type Token struct {
	Address  Address
	Symbol   string
	Name     string
	Decimals int
}

// heads are the most used tokens, with the parameters of the normal distribution of log10 of an amount in whole tokens.
var heads = []struct {
	Token
	mean, sigma float64
}{
	{Token{mainnet("c02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"), "WETH", "Wrapped Ether", 18}, -0.57, 1.14},
	{Token{mainnet("dac17f958d2ee523a2206206994597c13d831ec7"), "USDT", "Tether USD", 6}, 3.04, 1.30},
	{Token{mainnet("a0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"), "USDC", "USD Coin", 6}, 3.40, 1.43},
}

// mainnet reads an address.
func mainnet(digits string) Address {
	var a Address
	if n, err := hex.Decode(a[:], []byte(digits)); err != nil || n != len(a) {
		panic("ampdev/synth: bad address constant " + digits)
	}
	return a
}

// tailMean and tailSigma are for the amounts of all other tokens.
const tailMean, tailSigma = 3.93, 2.71

// token is the token of a rank.
func (g *Generator) token(rank uint64) Address {
	if rank < uint64(len(heads)) {
		return heads[rank].Address
	}
	return derive(g.seed^0x70c3e5, rank)
}

// decimals is the number of decimals of the token of a rank.
func (g *Generator) decimals(rank uint64) int {
	if rank < uint64(len(heads)) {
		return heads[rank].Decimals
	}
	switch x := mix(g.seed^0xdec1^rank) % 100; {
	case x < 78:
		return 18
	case x < 90:
		return 9
	case x < 95:
		return 8
	case x < 99:
		return 6
	}
	return 0
}

// labelled is the share of tail tokens that have a label. With the heads, about 70 % of transfers then match one.
const labelled = 0.42

// Tokens lists the labelled tokens of the chain, about 6,900, in no particular order of popularity but always the same.
// Symbols and names are as varied as the real ones: emoji, commas, quotes, trailing spaces, words that look like numbers or
// nulls.
func (g *Generator) Tokens() []Token {
	var out []Token
	for _, h := range heads {
		out = append(out, h.Token)
	}
	for rank := uint64(len(heads)); rank < uint64(len(g.tokens.share)-1); rank++ {
		x := mix(g.seed ^ 0x1abe1 ^ rank<<1)
		if float64(x>>11)/(1<<53) >= labelled {
			continue
		}
		symbol := symbolOf(mix(x))
		out = append(out, Token{g.token(rank), symbol, nameOf(symbol, mix(x+1)), g.decimals(rank)})
	}
	return out
}

var oddSymbols = []string{"NONE", "INF", "00", "null", "⌘", "🐶", "LP ", "A,B", `"Q"`, "1e5", "0x0", "NaN", "true", "ÉTH", "-"}

func symbolOf(x uint64) string {
	if x%40 == 0 {
		return oddSymbols[x/40%uint64(len(oddSymbols))]
	}
	n := 3 + int(x>>8%4)
	b := make([]byte, n)
	for i := range b {
		b[i] = 'A' + byte(x>>(10+5*i)%26)
	}
	return string(b)
}

var kinds = []string{"Token", "Finance", "Protocol", "Coin", "DAO", "Inu", "Network", "Vault, staked"}

func nameOf(symbol string, x uint64) string {
	return fmt.Sprintf("%s %s", symbol, kinds[x%uint64(len(kinds))])
}

// amount draws the amount of a transfer of the token of a rank, in its smallest unit.
func (g *Generator) amount(r random, rank uint64) Word {
	mean, sigma := tailMean, tailSigma
	if rank < uint64(len(heads)) {
		mean, sigma = heads[rank].mean, heads[rank].sigma
	}
	if r.Float64() < 0.037 {
		return Word{}
	}
	return r.power(mean + sigma*r.NormFloat64() + float64(g.decimals(rank)))
}

// power is a number of about 10^exponent, at most 10^38, all of whose digits are random.
func (r random) power(exponent float64) Word {
	var w Word
	log2 := math.Min(exponent, 38) * math.Log2(10)
	if log2 < 0 {
		return w
	}
	whole, fraction := math.Modf(log2)
	lead := uint64(math.Exp2(fraction) * (1 << 62)) // in [2^62, 2^63): the leading digits
	lead |= r.Uint64() & (1<<10 - 1)                // below the precision of fraction
	shift := uint(whole)
	if shift <= 62 {
		binary.BigEndian.PutUint64(w[24:], lead>>(62-shift))
		return w
	}
	shift -= 62 // at most 65
	hi, lo := uint64(0), lead
	if shift >= 64 {
		hi, lo = lo, r.Uint64()
		shift -= 64
	}
	hi = hi<<shift | lo>>(64-shift)
	lo = lo<<shift | r.Uint64()&(1<<shift-1)
	binary.BigEndian.PutUint64(w[16:], hi)
	binary.BigEndian.PutUint64(w[24:], lo)
	return w
}
