package loadbench

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/runtime"
)

// memorySink keeps count of what it is given, and checks that blocks are distinct and inside of their unit.
type memorySink struct {
	b           *testing.B
	dsn         string
	rows, units int
	undone      int
}

func (s *memorySink) Name() string                               { return "memory" }
func (s *memorySink) Flags(fs *pflag.FlagSet)                    { fs.StringVar(&s.dsn, "dsn", "", "") }
func (s *memorySink) DDL(*runtime.Table) (string, error)         { return "", nil }
func (s *memorySink) Open(context.Context) (runtime.Sink, error) { return s, nil }
func (s *memorySink) Prepare(_ context.Context, t *runtime.Table) error {
	if t.Name != "transfers_bench" || t.Pipeline != "transfers_bench" || s.dsn != "here" {
		s.b.Errorf("prepare table %q of pipeline %q at %q", t.Name, t.Pipeline, s.dsn)
	}
	return nil
}
func (s *memorySink) State(context.Context, *runtime.Table) (runtime.State, error) {
	return runtime.State{}, nil
}
func (s *memorySink) Begin(_ context.Context, u runtime.Unit) (runtime.Tx, error) {
	return &memoryTx{s, u, u.Ranges[0].Start}, nil
}
func (s *memorySink) Undo(_ context.Context, u runtime.Undo) error {
	s.undone++
	return nil
}
func (s *memorySink) Close() error { return nil }

type memoryTx struct {
	*memorySink
	unit runtime.Unit
	next uint64
}

func (t *memoryTx) Write(_ context.Context, rows arrow.RecordBatch) error {
	if t.unit.Replace {
		t.next += uint64(rows.NumRows())
		t.rows += int(rows.NumRows())
		return nil
	}
	for _, block := range rows.Column(0).(*array.Uint64).Uint64Values() {
		if block != t.next {
			t.b.Fatalf("block %d, want %d", block, t.next)
		}
		t.next++
	}
	t.rows += int(rows.NumRows())
	return nil
}

func (t *memoryTx) Commit(context.Context) error {
	if t.unit.Replace && t.next == t.unit.Ranges[0].Start {
		t.undone++ // an empty unit in the place of everything
		return nil
	}
	if t.next != t.unit.Ranges[0].End+1 {
		t.b.Errorf("the unit %v ends before block %d", t.unit, t.next)
	}
	t.units++
	return nil
}
func (t *memoryTx) Rollback(context.Context) error { return nil }

func pipeline(block string) runtime.Pipeline {
	return runtime.Pipeline{Table: runtime.Table{Name: "transfers", Pipeline: "transfers", Block: block, Key: []string{"block_num"},
		Schema: arrow.NewSchema([]arrow.Field{{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64}}, nil)}}
}

func TestRunLoadsUnitsOfDistinctBlocks(t *testing.T) {
	t.Setenv("AMP_BENCH_MEMORY", "--dsn=here")
	for name, block := range map[string]string{"stream": "block_num", "batch": ""} {
		t.Run(name, func(t *testing.T) {
			var sink *memorySink
			result := testing.Benchmark(func(b *testing.B) {
				sink = &memorySink{b: b}
				Run(b, pipeline(block), sink)
			})
			if sink.units == 0 || sink.units != result.N || sink.rows != sink.units*unitRows {
				t.Errorf("%d units and %d rows in %d iterations", sink.units, sink.rows, result.N)
			}
			if sink.undone != 2 {
				t.Errorf("the table was emptied %d times, not before and after", sink.undone)
			}
			if result.Extra["rows/s"] <= 0 {
				t.Errorf("no rate in %v", result)
			}
		})
	}
}

// BenchmarkSkipped is run by the test below in a process of its own.
func BenchmarkSkipped(b *testing.B) { Run(b, pipeline("block_num"), &memorySink{b: b}) }

func TestRunIsSkippedWithAReason(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=BenchmarkSkipped", "-test.v")
	out, err := cmd.CombinedOutput()
	const want = "AMP_BENCH_MEMORY is not set: give it the connection flags of a memory to load into"
	if err != nil || !strings.Contains(string(out), want) {
		t.Errorf("%v, output without %q:\n%s", err, want, out)
	}
}
