// Command ampdev runs a local Amp server: on a synthetic chain, or on the files of a folder.
package main

import (
	"context"
	"crypto/tls"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
)

const usage = `ampdev runs a local Amp server for development: Arrow Flight SQL over a synthetic Ethereum chain, or over
files in Amp's table layout.

    ampdev --blocks 500                      serve a synthetic chain
    ampdev --mine 2s --reorg-every 10        and let it grow and reorganise
    ampdev --data folder                     serve blocks, transactions and logs from a folder
    ampdev --labels tokens.csv               write labels for the tokens of the synthetic chain, and exit

`

// options are the flags.
type options struct {
	listen, control string
	datasets        []string
	labels          string
	tokenFile       string
	cert, key       string
	mine            time.Duration
	every, depth    int
	config          ampdev.Config
}

func parse(args []string) (*options, error) {
	o := &options{}
	f := pflag.NewFlagSet("ampdev", pflag.ContinueOnError)
	f.SortFlags = false
	f.StringVar(&o.listen, "listen", "127.0.0.1:1602", "address of the Flight SQL endpoint; GET /healthz answers there too")
	f.StringVar(&o.control, "control", "127.0.0.1:1610", "address of the control interface; empty for none")
	f.Uint64Var(&o.config.Seed, "seed", 1, "seed of the synthetic chain")
	f.IntVar(&o.config.Blocks, "blocks", 500, "synthetic blocks to start with; with --data the default is 0, and they come on top")
	f.Uint64Var(&o.config.FirstBlock, "first-block", 0, "number of the lowest synthetic block")
	f.StringVar(&o.config.Data, "data", "", "folder with blocks, transactions and logs as .jsonl, .jsonl.gz or .parquet")
	f.StringVar(&o.config.Database, "database", "", "DuckDB file that keeps the chain; in memory by default")
	f.StringVar(&o.config.Network, "network", "mainnet", "network id of the datasets")
	f.StringSliceVar(&o.datasets, "dataset", []string{"eth_rpc=evm-rpc", "eth_firehose=firehose"}, "datasets, as name=kind")
	f.DurationVar(&o.mine, "mine", 0, "mine a block this often")
	f.IntVar(&o.every, "reorg-every", 0, "with --mine: a reorg takes the place of every so many-th block")
	f.IntVar(&o.depth, "reorg-depth", 3, "blocks that such a reorg replaces")
	f.IntVar(&o.config.MicrobatchBlocks, "microbatch-blocks", 1000, "most blocks in a microbatch")
	f.DurationVar(&o.config.KeepAlive, "keep-alive", 30*time.Second, "between empty batches while a microbatch is executed")
	f.DurationVar(&o.config.Latency, "latency", 0, "before the first message of each query")
	f.StringVar(&o.tokenFile, "token-file", "", "file with the bearer token that calls must carry")
	f.StringVar(&o.cert, "tls-cert", "", "certificate file, for TLS")
	f.StringVar(&o.key, "tls-key", "", "key file, for TLS")
	f.StringVar(&o.labels, "labels", "", "write a CSV of labels for the synthetic tokens to this file, or - for standard output, and exit")
	f.Usage = func() { fmt.Fprint(os.Stderr, usage, f.FlagUsages()) }
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.config.Data != "" && !f.Changed("blocks") {
		o.config.Blocks = 0
	}
	return o, o.resolve()
}

// resolve reads what flags refer to.
func (o *options) resolve() error {
	for _, d := range o.datasets {
		name, kind, _ := strings.Cut(d, "=")
		dataset, err := ampdev.ParseDataset(name, kind)
		if err != nil {
			return err
		}
		o.config.Datasets = append(o.config.Datasets, dataset)
	}
	if o.tokenFile != "" {
		token, err := os.ReadFile(o.tokenFile)
		if err != nil {
			return err
		}
		if o.config.Token = strings.TrimSpace(string(token)); o.config.Token == "" {
			return fmt.Errorf("the token file %s is empty", o.tokenFile)
		}
	}
	if (o.cert == "") != (o.key == "") {
		return errors.New("TLS needs both --tls-cert and --tls-key")
	}
	if o.cert != "" {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return err
		}
		o.config.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	return nil
}

func main() {
	o, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintf(os.Stderr, "ampdev: %v\n", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if o.labels != "" {
		err = writeLabels(o.labels, o.config.Seed)
	} else {
		err = serve(ctx, o, os.Stdout)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "ampdev: %v\n", err)
		os.Exit(1)
	}
}

// serve runs the server until ctx ends. When it is ready it says so on out, in one line.
func serve(ctx context.Context, o *options, out io.Writer) error {
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	server, err := ampdev.New(ctx, o.config)
	if err != nil {
		return err
	}
	defer server.Close()
	control := ""
	if o.control != "" {
		l, err := net.Listen("tcp", o.control)
		if err != nil {
			return err
		}
		h := &http.Server{Handler: server.ControlHandler()}
		go h.Serve(l)
		defer h.Close()
		control = ", control at http://" + l.Addr().String()
	}
	scheme := "grpc"
	if o.config.TLS != nil {
		scheme = "grpc+tls"
	}
	status := server.Status()
	blocks := "no blocks"
	if status.Tip.Time != 0 {
		blocks = fmt.Sprintf("blocks %d to %d", status.First.Number, status.Tip.Number)
	}
	fmt.Fprintf(out, "ampdev serves %s of %s with %s at %s://%s%s\n",
		strings.Join(status.Datasets, " and "), status.Network, blocks, scheme, listener.Addr(), control)
	server.SetMiningWithReorgs(o.mine, o.every, o.depth)
	context.AfterFunc(ctx, func() { listener.Close() })
	return server.Serve(listener)
}

// writeLabels writes the labels of the synthetic tokens.
func writeLabels(path string, seed uint64) (err error) {
	out := os.Stdout
	if path != "-" {
		if out, err = os.Create(path); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, out.Close()) }()
	}
	w := csv.NewWriter(out)
	if err := w.Write([]string{"token_address", "symbol", "name", "decimals"}); err != nil {
		return err
	}
	for _, t := range synth.New(seed).Tokens() {
		if err := w.Write([]string{fmt.Sprintf("0x%x", t.Address), t.Symbol, t.Name, fmt.Sprint(t.Decimals)}); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
