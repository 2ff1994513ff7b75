package runtime

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/runtime/labels"
)

func labelled(t *testing.T, join labels.Join) *rig {
	r := newRig()
	path := filepath.Join(t.TempDir(), "tokens.csv")
	if err := os.WriteFile(path, []byte("token,symbol\nt1,ONE\nt2,TWO\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	symbol := arrow.Field{Name: "symbol", Type: arrow.BinaryTypes.String, Nullable: true}
	r.pipeline.Labels = []labels.Spec{{Name: "tokens", Path: path, Key: "token", KeyType: arrow.BinaryTypes.String, On: "token", Join: join,
		Header: []string{"token", "symbol"}, Columns: []labels.Column{{CSV: "symbol", Field: symbol}}}}
	r.pipeline.Table.Schema = arrow.NewSchema(append(querySchema.Fields(), symbol), nil)
	return r
}

func TestLabelsAreJoined(t *testing.T) {
	r := labelled(t, labels.Left)
	r.expect(t, exitDone, "--from-block 1 --to-block 4")
	want := []string{"1 0 t1 ONE", "2 0 t2 TWO", "2 1 t2 TWO", "4 0 t0 (null)"}
	if diff := cmp.Diff(want, r.sink.store.rows); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(r.stderr.String(), "label tokens: 1 of 4 rows did not match and were kept without a label") {
		t.Errorf("stderr is %s", r.stderr.String())
	}

	r = labelled(t, labels.Inner)
	r.follow(t, exitDone, microbatch(onBranch("a", 0, 5))...) // a stream joins and drops as a bounded run does
	if diff := cmp.Diff([]string{"1 0 t1 ONE", "2 0 t2 TWO", "2 1 t2 TWO", "5 0 t1 ONE", "5 1 t1 ONE"}, r.sink.store.rows); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(r.stderr.String(), "label tokens: 1 of 6 rows did not match and were dropped") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
}

func TestLabelFileOfTheCommandLine(t *testing.T) {
	r := labelled(t, labels.Left)
	other := filepath.Join(t.TempDir(), "other.csv")
	if err := os.WriteFile(other, []byte("token,symbol\nt1,UNO\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.expect(t, exitDone, "--from-block 1 --to-block 1 --label tokens="+other)
	if diff := cmp.Diff([]string{"1 0 t1 UNO"}, r.sink.store.rows); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(other, []byte("token,name\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.expect(t, exitDrift, "--from-block 2 --to-block 2 --label tokens="+other)
	r.expect(t, exitFailed, "--from-block 2 --to-block 2 --label tokens=/nowhere.csv")
	r.expect(t, exitUsage, "--label coins="+other)
}

func TestUsage(t *testing.T) {
	tests := []struct{ args, want string }{
		{"--from-block 5", `--from-block needs --to-block, a block number or "latest", or --follow`},
		{"--from-block x --to-block 5", `--from-block "x" is not a block number`},
		{"--to-block -1", `--to-block "-1" is not a block number`},
		{"--from-block 6 --to-block 5", "--from-block 6 is after --to-block 5"},
		{"--to-block 5 --workers 0", "--workers is at least 1"},
		{"--to-block 5 --reorg-depth 0", "--reorg-depth is at least 1"},
		{"--from-block 5 --blocks 3 --follow", "--from-block and --blocks both say where to begin: use one"},
		{"--to-block 50 --follow", "--follow goes on from the server's last block: use --to-block latest, or leave it out"},
		{"--to-block 5 --history-first", "--history-first needs --follow"},
		{"load", `unknown command "load"`},
		{"run plan", `unexpected argument "plan"`},
		{"--colour", "unknown flag: --colour"},
		{"--log-format xml", "--log-format is auto, text or json"},
		{"--pipeline=", "--pipeline is empty"},
		{"--token-file /nowhere", "--token-file: open /nowhere"},
	}
	for _, test := range tests {
		r := newRig()
		r.expect(t, exitUsage, test.args)
		if !strings.Contains(r.stderr.String(), test.want) {
			t.Errorf("%s: stderr is %s", test.args, r.stderr.String())
		}
	}
	r := newRig()
	delete(r.env, "AMP_SERVER")
	r.expect(t, exitUsage, "")
	r.expect(t, exitDone, "status")
}

func TestEnvironment(t *testing.T) {
	r := newRig()
	r.env["AMP_TO_BLOCK"], r.env["AMP_CHUNK_BLOCKS"] = "9", "5"
	r.expect(t, exitDone, "")
	r.expect(t, exitDone, "--to-block 10") // the command line wins
	r.checkCommits(t, "0-4", "5-9", "10-10")
	r.env["AMP_CHUNK_BLOCKS"] = "many"
	r.expect(t, exitUsage, "")
	if !strings.Contains(r.stderr.String(), "environment variable AMP_CHUNK_BLOCKS") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
}

func TestToken(t *testing.T) {
	p := testPipeline()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) { return "from-env", name == "AMP_AUTH_TOKEN" }
	for args, want := range map[string]string{"": "from-env", "--token-file=" + file: "from-file"} {
		c, _, err := parseConfig(&p, fakeDriver{}, strings.Fields(args), env)
		if err != nil || c.token != want {
			t.Errorf("%s: token %q, error %v", args, c.token, err)
		}
	}
	if err := os.WriteFile(file, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := parseConfig(&p, fakeDriver{}, []string{"--token-file", file}, env); err == nil {
		t.Error("an empty token file is accepted")
	}
}

func TestCommandsThatWriteNothing(t *testing.T) {
	r := newRig()
	r.source.synced.Timestamp = fakeNow.Unix() - 90
	r.expect(t, exitDone, "--from-block 10 --to-block 29")
	r.expect(t, exitDone, "--from-block 99 --to-block 99")
	tests := []struct {
		args string
		want string
	}{
		{"ddl", "CREATE TABLE token_logs;\n"},
		{"verify", "the server's 3 columns are the compiled ones\n"},
		{"plan --from-block 5 --to-block latest --partition-blocks 50 --follow",
			"what is there from block 90 on may have left the chain since: it would be undone and loaded again\n" +
				"newest blocks, by one query: 90-99\ngap 5-9: 5 blocks\ngap 30-89: 60 blocks\n" +
				"blocks 5-99 of mainnet: 75 missing; 3 partitions for 1 worker\nthen follow the stream\n" +
				"about 72 rows, 2.1 kB of Arrow data and 4 commits, judged by 25 blocks of them\n"},
		{"plan --from-block 10 --to-block 29", "blocks 10-29 of mainnet: 0 missing; 0 partitions for 1 worker\n"},
		{"plan", "follow mainnet after block 99, " + hashOf("a", 99) + "\n"},
		{"status", "table token_logs, pipeline token_logs\n  mainnet: 21 blocks: 10-29, 99\n    gaps between them: 30-98\n    last block 99, " +
			hashOf("a", 99) + "\n    its time: 2023-11-14T22:11:50Z, 1m30s ago\n  last commit: 2023-11-14T22:12:15Z, 1m5s ago\n  writer: host:1, number 2\n"},
	}
	for _, test := range tests {
		r.expect(t, exitDone, test.args)
		if diff := cmp.Diff(test.want, r.stdout.String()); diff != "" {
			t.Errorf("%s: %s", test.args, diff)
		}
	}
	r.checkCommits(t, "10-29", "99-99@a99")
	if r.sink.store.prepared != 2 {
		t.Error("a command took the fence")
	}
	r = newRig()
	r.expect(t, exitDone, "status")
	if !strings.Contains(r.stdout.String(), "nothing is loaded yet") {
		t.Errorf("stdout is %s", r.stdout.String())
	}
	r.expect(t, exitDone, "plan")
	if !strings.Contains(r.stdout.String(), "follow the stream from the start") {
		t.Errorf("stdout is %s", r.stdout.String())
	}
}

// explainer is a sink that says what a load would do to it.
type explainer struct {
	*fakeSink
	loads []Estimate
}

func (s *explainer) Explain(_ context.Context, t *Table, load Estimate) (string, error) {
	s.loads = append(s.loads, load)
	return "copy into " + t.Name + "\n", nil
}

type explainerDriver struct {
	fakeDriver
	sink *explainer
}

func (d explainerDriver) Open(context.Context) (Sink, error) { return d.sink, nil }

// TestPlanAsksTheSink: what a sink says about a load is the end of the plan.
func TestPlanAsksTheSink(t *testing.T) {
	r := newRig()
	sink := &explainer{fakeSink: r.sink}
	for _, args := range []string{"plan --to-block latest --chunk-blocks 20", "plan"} {
		if code := r.runWith(t.Context(), explainerDriver{sink: sink}, args); code != exitDone || !strings.HasSuffix(r.stdout.String(), "\ncopy into token_logs\n") {
			t.Errorf("%s: exit code %d, %s%s", args, code, r.stdout.String(), r.stderr.String())
		}
	}
	// The newest 10 blocks, and the other 90 in chunks of 20.
	if diff := cmp.Diff([]Estimate{{Rows: 93, Bytes: 2730, Units: 6}, {}}, sink.loads); diff != "" {
		t.Error(diff)
	}
}

func TestHelpNamesFlagsAndEnvironment(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--help")
	for _, want := range []string{"token_logs-fake loads the query TokenLogs into table token_logs", "--to-block", "--fake-path", "AMP_SERVER", "4 another instance took over"} {
		if !strings.Contains(r.stdout.String(), want) {
			t.Errorf("%q is missing in %s", want, r.stdout.String())
		}
	}
}

func TestSummary(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--from-block 0 --to-block 9 --chunk-blocks 5 --log-format json")
	for _, want := range []string{`"msg":"loading history"`, "loaded 9 rows into token_logs in ", "10 blocks in 2 commits, up to block 9; ", "time: server "} {
		if !strings.Contains(r.stderr.String(), want) {
			t.Errorf("%q is missing in %s", want, r.stderr.String())
		}
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{"Erc20Transfers": "erc20_transfers", "TokenLogs": "token_logs", "DEXSwaps": "dex_swaps",
		"already_snake": "already_snake", "A": "a", "SwapsV3": "swaps_v3"} {
		if got := snake(name); got != want {
			t.Errorf("snake(%s) = %s, want %s", name, got, want)
		}
	}
}

// TestNothingLoaded: why a run loaded nothing is said as it is.
func TestNothingLoaded(t *testing.T) {
	r := newRig()
	ctx, stop := context.WithCancel(t.Context())
	r.source.events = []any{func() { stop() }}
	if code := r.run(ctx, ""); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	if want := "stopped before anything was loaded into token_logs\n"; !strings.HasSuffix(r.stderr.String(), want) {
		t.Errorf("stderr is %s", r.stderr.String())
	}
	r = newRig()
	r.expect(t, exitDone, "--to-block 9")
	r.expect(t, exitDone, "--to-block 9")
	if want := "nothing was loaded into token_logs: it has what was asked for\n"; !strings.HasSuffix(r.stderr.String(), want) {
		t.Errorf("stderr is %s", r.stderr.String())
	}
}
