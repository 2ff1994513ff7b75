package synth

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/ampgen/ampgen/ampgen/internal/abi"
)

// transactions fills in the transactions of b. Which of them have logs is decided here, what logs by logs.
func (g *Generator) transactions(r random, b *Block) {
	n := max(1, int(math.Round(192+50*r.NormFloat64())))
	b.Transactions = make([]Transaction, n)
	for i := range b.Transactions {
		tx := &b.Transactions[i]
		r.words(&tx.Hash, &tx.R, &tx.S)
		tx.From, tx.To = g.address(g.addresses.draw(r)), g.address(g.addresses.draw(r))
		flags := r.Uint64()
		tx.Parity, tx.Failed, tx.Creates = flags&1 == 1, flags>>1%64 == 0, flags>>8%512 == 0
		tx.Nonce = uint64(math.Exp(4 + 2*r.NormFloat64()))
		tip := r.Uint64N(3_000_000_000)
		tx.GasPrice = b.BaseFee + tip
		if flags>>20%5 != 0 {
			tx.Type, tx.MaxFee, tx.MaxPriorityFee = 2, 2*b.BaseFee+tip, tip
		}
		if r.Float64() < 0.4 { // the others move tokens, not ether
			tx.Value = r.power(17 + 1.2*r.NormFloat64())
			tx.GasUsed = 21_000
		} else {
			tx.Input = make([]byte, 4+32*(1+int(r.ExpFloat64()*4)))
			r.fill(tx.Input)
			tx.GasUsed = 40_000 + uint64(r.ExpFloat64()*60_000)
		}
		tx.GasLimit = tx.GasUsed + tx.GasUsed/4
		b.GasUsed += tx.GasUsed
		tx.CumulativeGas = b.GasUsed
	}
}

// withoutLogs is the share of transactions that log nothing.
const withoutLogs = 0.37

// logs fills in the logs of b.
func (g *Generator) logs(r random, b *Block) {
	n := int(math.Round(math.Exp(5.85 + 0.305*r.NormFloat64())))
	share20, share721 := beta(r.Rand, 50, 61), 0.017
	if r.Float64() < 0.002 { // a mint rush
		share721 = 0.4 * (1 - share20)
	}
	owners := g.logOwners(r, n, len(b.Transactions))
	b.Logs = make([]Log, n)
	for i := range b.Logs {
		log := &b.Logs[i]
		log.TxIndex, log.LogIndex = owners[i], uint32(i)
		switch x := r.Float64(); {
		case x < share20:
			g.erc20(r, log)
		case x < share20+share721:
			g.erc721(r, log)
		default:
			g.other(r, log)
		}
	}
}

// logOwners gives each log its transaction, in order; every transaction that has logs has at least one.
func (g *Generator) logOwners(r random, logs, txs int) []uint32 {
	with := r.Perm(txs)[:max(1, int(math.Round(float64(txs)*(1-withoutLogs))))]
	owners := make([]uint32, logs)
	for i := range owners {
		if i < len(with) {
			owners[i] = uint32(with[i])
		} else {
			owners[i] = uint32(with[r.IntN(len(with))])
		}
	}
	slices.Sort(owners)
	return owners
}

func topic0(signature string) Word {
	e, err := abi.ParseEvent(signature)
	if err != nil {
		panic("ampdev/synth: bad event constant: " + err.Error())
	}
	return e.Topic0()
}

var (
	transfer   = topic0("Transfer(address indexed from, address indexed to, uint256 value)")
	approval   = topic0("Approval(address indexed owner, address indexed spender, uint256 value)")
	deposit    = topic0("Deposit(address indexed dst, uint256 wad)")
	withdrawal = topic0("Withdrawal(address indexed src, uint256 wad)")
	sync       = topic0("Sync(uint112 reserve0, uint112 reserve1)")
	swapV2     = topic0("Swap(address indexed sender, uint256 amount0In, uint256 amount1In, uint256 amount0Out, uint256 amount1Out, address indexed to)")
	swapV3     = topic0("Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)")
)

// endpoint is a random account as a topic.
func (g *Generator) endpoint(r random) Word {
	var w Word
	a := g.address(g.addresses.draw(r))
	copy(w[12:], a[:])
	return w
}

// malformed is the share of Transfer logs that no decoder likes, of four kinds each as likely as the others.
const malformed = 200e-6

func (g *Generator) erc20(r random, log *Log) {
	rank := g.tokens.draw(r)
	log.Address = g.token(rank)
	log.topics(transfer, g.endpoint(r), g.endpoint(r))
	amount := g.amount(r, rank)
	log.Data = amount[:]
	if r.Float64() >= malformed {
		return
	}
	switch r.IntN(4) {
	case 0: // nothing indexed, as CryptoKitties does
		log.Data = slices.Concat(log.Topics[1][:], log.Topics[2][:], amount[:])
		log.topics(transfer)
	case 1: // no topic at all
		log.topics()
	case 2: // the value is cut off
		log.Data = log.Data[:r.IntN(32)]
	case 3: // the largest value there is
		for i := range log.Data {
			log.Data[i] = 0xff
		}
	}
}

func (g *Generator) erc721(r random, log *Log) {
	var id Word
	binary.BigEndian.PutUint64(id[24:], r.Uint64N(10_000))
	log.Address = derive(g.seed^0x721, r.Uint64N(300))
	log.topics(transfer, g.endpoint(r), g.endpoint(r), id)
}

// other makes a log that is no Transfer. The weights are percent of all logs.
func (g *Generator) other(r random, log *Log) {
	rank := g.tokens.draw(r)
	pool := derive(g.seed^0x9001, rank)
	switch x := r.Float64() * 52.8; {
	case x < 7:
		log.Address = pool
		log.topics(sync)
		log.words(r.power(21+2*r.NormFloat64()), r.power(21+2*r.NormFloat64()))
	case x < 11:
		log.Address = heads[0].Address
		log.topics(deposit, g.endpoint(r))
		log.words(g.amount(r, 0))
	case x < 15:
		log.Address = heads[0].Address
		log.topics(withdrawal, g.endpoint(r))
		log.words(g.amount(r, 0))
	case x < 24:
		log.Address = g.token(rank)
		log.topics(approval, g.endpoint(r), g.endpoint(r))
		log.words(g.amount(r, rank))
	case x < 30:
		log.Address = pool
		log.topics(swapV2, g.endpoint(r), g.endpoint(r))
		in, out := g.amount(r, rank), g.amount(r, 0)
		if r.Uint64()&1 == 0 {
			log.words(in, Word{}, Word{}, out)
		} else {
			log.words(Word{}, in, out, Word{})
		}
	case x < 34:
		log.Address = pool
		log.topics(swapV3, g.endpoint(r), g.endpoint(r))
		price := r.power(28 + 5*r.NormFloat64())
		tick := int64(r.NormFloat64() * 100_000)
		log.words(g.amount(r, rank), negate(g.amount(r, 0)), price, r.power(20+3*r.NormFloat64()), signed(max(-887_272, min(tick, 887_272))))
	default:
		g.unknown(r, log)
	}
}

// unknown makes a log of one of many events that nobody decodes. The weights of the number of topics and of the size of the
// data make up the totals of the chain.
func (g *Generator) unknown(r random, log *Log) {
	kind := uint64(r.ExpFloat64() * 40)
	var first Word
	a, b := derive(0xe7e27, kind), derive(0xe7e28, kind)
	copy(first[:], a[:])
	copy(first[20:], b[:])
	log.Address = derive(g.seed^0xc027, g.tokens.draw(r))
	switch x := r.Float64() * 17.8; {
	case x < 6:
		log.topics(first)
	case x < 11:
		log.topics(first, g.endpoint(r))
	case x < 14.5:
		log.topics(first, g.endpoint(r), g.endpoint(r))
	default:
		log.topics(first, g.endpoint(r), g.endpoint(r), g.endpoint(r))
	}
	words := 0
	switch x := r.Float64() * 17.8; {
	case x < 1.9:
	case x < 4.4:
		words = 1
	case x < 8.4:
		words = 2
	case x < 11.4:
		words = 4
	case x < 16.8:
		words = []int{3, 6, 7, 8, 9, 10, 12, 14, 16, 18}[r.IntN(10)]
	default: // log-uniform up to 186 words, 5,952 bytes
		words = int(19 * math.Exp(r.Float64()*math.Log(186.99/19)))
	}
	log.Data = make([]byte, 32*words)
	r.fill(log.Data)
}

func (l *Log) topics(topics ...Word) {
	l.Topics = [4]Word{}
	l.TopicCount = copy(l.Topics[:], topics)
}

func (l *Log) words(words ...Word) {
	l.Data = make([]byte, 0, 32*len(words))
	for i := range words {
		l.Data = append(l.Data, words[i][:]...)
	}
}

// signed is the two's complement of v in 256 bits.
func signed(v int64) Word {
	var w Word
	if v < 0 {
		for i := range 24 {
			w[i] = 0xff
		}
	}
	binary.BigEndian.PutUint64(w[24:], uint64(v))
	return w
}

// negate is -w in two's complement.
func negate(w Word) Word {
	carry := 1
	for i := len(w) - 1; i >= 0; i-- {
		x := int(^w[i]) + carry
		w[i], carry = byte(x), x>>8
	}
	return w
}
