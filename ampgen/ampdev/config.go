package ampdev

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/ampgen/ampgen/ampgen/internal/catalog"
)

// Config says what a server serves. The zero value serves an empty chain.
type Config struct {
	Network  string    // the network id of all datasets; "mainnet" if empty
	Datasets []Dataset // eth_rpc and eth_firehose if nil

	Seed       uint64 // of the synthetic chain, and of what is mined on top of loaded data
	FirstBlock uint64 // number of the lowest synthetic block
	Blocks     int    // synthetic blocks to start with; with Data, blocks on top of it
	Data       string // a folder with blocks, transactions and logs; see store.Store.Load
	Database   string // a DuckDB file that keeps the rows; in memory if empty

	MicrobatchBlocks int           // the most blocks in a microbatch; 1,000 if 0
	KeepAlive        time.Duration // between empty batches while a microbatch is executed; 30 s if 0
	Latency          time.Duration // before the first message of each query, as far storage has

	Token string      // if set, every call must carry it as bearer token, as a gateway would want
	TLS   *tls.Config // if set, the server speaks TLS
}

// Dataset is a dataset that the server has. All datasets are views of the one chain.
type Dataset struct {
	Name string
	Kind catalog.Kind // catalog.EVMRPC or catalog.Firehose
}

// withDefaults fills in what is left out.
func (c Config) withDefaults() Config {
	if c.Network == "" {
		c.Network = "mainnet"
	}
	if c.Datasets == nil {
		c.Datasets = []Dataset{{"eth_rpc", catalog.EVMRPC}, {"eth_firehose", catalog.Firehose}}
	}
	if c.MicrobatchBlocks <= 0 {
		c.MicrobatchBlocks = 1000
	}
	if c.KeepAlive <= 0 {
		c.KeepAlive = 30 * time.Second
	}
	return c
}

// ParseDataset reads name=kind.
func ParseDataset(name, kind string) (Dataset, error) {
	switch k := catalog.Kind(kind); k {
	case catalog.EVMRPC, catalog.Firehose:
		if ref, err := catalog.ParseRef(name); err != nil || ref.String() != name || ref.Revision != "" {
			return Dataset{}, fmt.Errorf("%q is no dataset name", name)
		}
		return Dataset{name, k}, nil
	}
	return Dataset{}, fmt.Errorf("dataset %s has unknown kind %q: write evm-rpc or firehose", name, kind)
}
