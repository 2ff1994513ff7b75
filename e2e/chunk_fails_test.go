package e2e

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/blockrange"
)

// damaged is a server that cannot answer for one block.
type damaged struct {
	runtime.Source
	block uint64
	after int // how many messages of such an answer come through
}

var filter = regexp.MustCompile(`WHERE "block_num" >= (\d+) AND "block_num" <= (\d+)$`)

func (d damaged) Open(ctx context.Context, req runtime.Request) (runtime.SourceStream, error) {
	stream, err := d.Source.Open(ctx, req)
	if err != nil {
		return nil, err
	}
	if m := filter.FindStringSubmatch(req.SQL); m != nil {
		first, _ := strconv.ParseUint(m[1], 10, 64) // digits
		last, _ := strconv.ParseUint(m[2], 10, 64)
		if first <= d.block && d.block <= last {
			return &cutStream{stream, d}, nil
		}
	}
	return stream, nil
}

type cutStream struct {
	runtime.SourceStream
	damaged
}

func (s *cutStream) Next(ctx context.Context) (runtime.Message, error) {
	if s.after == 0 {
		return runtime.Message{}, runtime.Errorf(runtime.Permanent, "read rows", fmt.Sprintf("block %d", s.block), "the file is damaged")
	}
	s.after--
	return s.SourceStream.Next(ctx)
}

// TestEachChunkFailsAlone damages each chunk of a history in turn, at its first message and within its rows. All other partitions are
// loaded, the error names what is missing, and when the damage is mended a run loads just that.
func TestEachChunkFailsAlone(t *testing.T) {
	const blocks, chunk, partition, newest = 24, 2, 4, 4
	for _, sink := range []system{postgreSQL, duckDB} {
		t.Run(sink.name, func(t *testing.T) {
			s := startServer(t, ampdev.Config{Seed: followSeed, Blocks: blocks, MicrobatchBlocks: 1})
			s.SetBatchRows(20)
			for block := uint64(0); block < blocks-newest; block += chunk {
				for _, after := range []int{0, 3} {
					v := variant{sink: sink, options: runtime.Options{Latest: true, Workers: 3, ChunkBlocks: chunk, PartitionBlocks: partition, ReorgDepth: newest}}
					o, target := v.open(t, s.url)
					whole := o.Source
					o.Source = damaged{Source: whole, block: block, after: after}
					err := runtime.Run(t.Context(), o)
					if err == nil || runtime.ClassOf(err) != runtime.Permanent {
						t.Fatalf("block %d: the run ended with %v", block, err)
					}
					missing := missingBlocks(t, o, blocks)
					if !missing.Contains(blockrange.Span{Start: block, End: block}) || missing.Blocks() > partition {
						t.Errorf("block %d is damaged, and missing are %v", block, missing.Spans())
					}
					for _, span := range missing.Spans() {
						contains(t, err.Error(), "missing are the blocks ", span.String(), "the file is damaged", "run again to load just them")
					}

					o.Source = whole
					if err := runtime.Run(t.Context(), o); err != nil {
						t.Fatal(err)
					}
					if missing := missingBlocks(t, o, blocks); missing.Blocks() != 0 {
						t.Errorf("missing after the second run: %v", missing.Spans())
					}
					if err := o.Sink.Close(); err != nil {
						t.Fatal(err)
					}
					checkRows(t, unlabelled, sink.rows(t, sink.open(t, target), "erc20_transfers", unlabelled), transferRows(syntheticChain(followSeed, blocks)))
				}
			}
		})
	}
}

// missingBlocks are the first blocks of the chain that the sink does not have.
func missingBlocks(t *testing.T, o runtime.Options, blocks uint64) (missing blockrange.Set) {
	t.Helper()
	table := o.Pipeline.Table
	table.Pipeline = "erc20_transfers"
	state, err := o.Sink.State(t.Context(), &table)
	if err != nil {
		t.Fatal(err)
	}
	for _, gap := range blockrange.Cover("mainnet", state.Ranges).Gaps(blockrange.Span{Start: 0, End: blocks - 1}) {
		missing.Add(gap)
	}
	return missing
}
