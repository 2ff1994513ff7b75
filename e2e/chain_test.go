package e2e

import (
	"encoding/hex"
	"math/big"
	"strconv"
	"time"

	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
)

// What the synthetic chain holds, worked out from its blocks without SQL.

// transferTopic is keccak256("Transfer(address,address,uint256)").
const transferTopic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

// syntheticChain makes the first blocks of a seed's chain.
func syntheticChain(seed uint64, blocks int) []*synth.Block {
	g := synth.New(seed)
	chain := []*synth.Block{g.First(0)}
	for len(chain) < blocks {
		chain = append(chain, g.Next(chain[len(chain)-1].Block, 0))
	}
	return chain
}

// transfer is a Transfer event with its block.
type transfer struct {
	block *synth.Block
	log   *synth.Log
}

// transfers are the logs that the ERC-20 query selects: topic0 is Transfer, and there is no topic3.
func transfers(chain []*synth.Block) []transfer {
	var out []transfer
	for _, b := range chain {
		for i := range b.Logs {
			if log := &b.Logs[i]; log.TopicCount >= 1 && log.TopicCount <= 3 && hexText(log.Topics[0][:]) == transferTopic {
				out = append(out, transfer{b, log})
			}
		}
	}
	return out
}

// sender and recipient are the indexed parameters, null if the log has not as many topics.
func (t transfer) sender() string    { return t.topicAddress(1) }
func (t transfer) recipient() string { return t.topicAddress(2) }

func (t transfer) topicAddress(i int) string {
	if i >= t.log.TopicCount {
		return null
	}
	return hexText(t.log.Topics[i][12:])
}

// value is the first word of the data, null if there is none.
func (t transfer) value() string {
	if len(t.log.Data) < 32 {
		return null
	}
	return new(big.Int).SetBytes(t.log.Data[:32]).String()
}

func (t transfer) token() string { return hexText(t.log.Address[:]) }

func (t transfer) blockNum() string { return strconv.FormatUint(t.block.Number, 10) }

func (t transfer) logIndex() string { return strconv.Itoa(int(t.log.LogIndex)) }

func (t transfer) txHash() string { return hexText(t.block.Transactions[t.log.TxIndex].Hash[:]) }

// timestamp is in nanoseconds.
func (t transfer) timestamp() string {
	return strconv.FormatInt(time.Unix(t.block.Time, 0).UnixNano(), 10)
}

func hexText(b []byte) string { return "0x" + hex.EncodeToString(b) }
