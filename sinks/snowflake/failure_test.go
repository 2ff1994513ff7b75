package snowflake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"go.uber.org/goleak"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/snowflake/internal/stagefile"
	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

// theCommit is the place of COMMIT among the statements of a unit that have this word in them: the fence's column has it before.
const theCommit = 2

const rowCount = "SELECT COUNT(*) FROM TRANSFERS"

// stageFiles are the files in the stage.
func stageFiles(t *testing.T, server *snowtest.Server) (files []string) {
	t.Helper()
	dir := server.StageDir("AMP_STAGE")
	if dir == "" {
		return nil
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What passes by itself is a Transient error or none, and whoever does it again has every row once.
func TestFailuresThatPass(t *testing.T) {
	for _, method := range []string{MethodStage, MethodInsert} {
		rows := "COPY INTO"
		if method == MethodInsert {
			rows = `INSERT INTO "TEST_DB"."PUBLIC"."TRANSFERS"`
		}
		for _, c := range []struct {
			name  string
			fault snowtest.Fault
		}{
			{"429 once", snowtest.Fault{Match: rows, Status: 429}},
			{"500 once", snowtest.Fault{Match: rows, Status: 500}},
			{"503 at BEGIN", snowtest.Fault{Match: "BEGIN", Status: 503}},
			{"request for the rows lost", snowtest.Fault{Match: rows, LoseQuery: true}},
			{"reply to the rows lost", snowtest.Fault{Match: rows, LoseReply: true}},
			{"reply to the fence lost", snowtest.Fault{Match: "UPDATE", LoseReply: true}},
			{"session expired at the rows", snowtest.Fault{Match: rows, Expire: true}},
			{"session expired at COMMIT", snowtest.Fault{Match: "COMMIT", Nth: theCommit, Expire: true}},
			{"lock timeout", snowtest.Fault{Match: "UPDATE", Fail: &snowtest.Error{Code: "000625", State: "57014", Message: "locked"}}},
			{"session gone", snowtest.Fault{Match: rows, Fail: &snowtest.Error{Code: "390111", State: "08004", Message: "session no longer exists"}}},
		} {
			t.Run(method+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				server := snowtest.Start(t)
				config := configOf(t, server)
				config.Method = method
				s := prepared(t, config, transfers())
				server.Add(c.fault)
				u := unit(span(0, 99, "h99"))
				if err := load(t.Context(), s, u); err != nil {
					if class := runtime.ClassOf(err); class != runtime.Transient {
						t.Fatalf("%v is %s", err, class)
					}
					if got := cells(t, server, rowCount); got != "0" {
						t.Errorf("after %v there are %s rows", err, got)
					}
				}
				if err := load(t.Context(), s, u); err != nil {
					t.Fatal(err)
				}
				if got := cells(t, server, rowCount); got != "100" {
					t.Errorf("%s rows, want 100", got)
				}
			})
		}
	}
}

// A server that answers nothing but an HTTP status is given up on, as overloaded.
func TestServerThatRefusesEverything(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	s := prepared(t, configOf(t, server), transfers())
	server.Add(snowtest.Fault{Match: "BEGIN", Status: 503, Tries: -1})
	err := load(t.Context(), s, unit(span(0, 9, "h9")))
	var got *runtime.Error
	if !errors.As(err, &got) || got.Class != runtime.Transient || !got.Overload {
		t.Errorf("got %v", err)
	}
}

func TestLostCommitIsAmbiguousAndTheStateTells(t *testing.T) {
	for _, c := range []struct {
		name      string
		fault     snowtest.Fault
		committed bool
	}{
		{"request lost", snowtest.Fault{Match: "COMMIT", Nth: theCommit, LoseQuery: true, Tries: -1}, false},
		{"reply lost", snowtest.Fault{Match: "COMMIT", Nth: theCommit, LoseReply: true, Tries: -1}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := snowtest.Start(t)
			table := transfers()
			s := prepared(t, configOf(t, server), table)
			server.Add(c.fault)
			u := unit(span(0, 9, "h9"))
			if err := load(t.Context(), s, u); err == nil || runtime.ClassOf(err) != runtime.Ambiguous {
				t.Fatalf("got %v", err)
			}
			state, err := s.State(t.Context(), table)
			if err != nil {
				t.Fatal(err)
			}
			if committed := len(state.Ranges) == 1; committed != c.committed {
				t.Errorf("the state says committed: %v, want %v", committed, c.committed)
			}
			if err := load(t.Context(), s, u); err != nil { // either way, doing it again is right
				t.Fatal(err)
			}
			if got := cells(t, server, rowCount); got != "10" {
				t.Errorf("%s rows, want 10", got)
			}
		})
	}
}

// A server that is silent does not hold the loader beyond its context, nor does what it may still do harm.
func TestSilentServer(t *testing.T) {
	for _, c := range []struct {
		match string
		nth   int
		want  runtime.Class
	}{{"COPY INTO", 1, runtime.Transient}, {"PUT", 1, runtime.Transient}, {"COMMIT", theCommit, runtime.Ambiguous}} {
		t.Run(c.match, func(t *testing.T) {
			t.Parallel()
			server := snowtest.Start(t)
			s := prepared(t, configOf(t, server), transfers())
			hold, reached := make(chan struct{}), make(chan struct{})
			server.Add(snowtest.Fault{Match: c.match, Nth: c.nth, Hold: hold, Reached: reached})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-reached
				cancel()
			}()
			u := unit(span(0, 99, "h99"))
			if err := load(ctx, s, u); err == nil || runtime.ClassOf(err) != c.want {
				t.Errorf("got %v", err)
			}
			close(hold)
			if err := load(t.Context(), s, u); err != nil {
				t.Fatal(err)
			}
			if got := cells(t, server, rowCount); got != "100" {
				t.Errorf("%s rows, want 100", got)
			}
		})
	}
}

// One file of several is gone from the stage: nothing is loaded, and loading again is right.
func TestFileMissingFromTheStage(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	s := prepared(t, configOf(t, server), transfers())
	server.Add(snowtest.Fault{Match: "COPY INTO", Do: func() {
		if err := os.Remove(stageFiles(t, server)[0]); err != nil {
			t.Error(err)
		}
	}})
	u := unit(span(0, 9, "h9"))
	if err := load(t.Context(), s, u); err == nil || runtime.ClassOf(err) != runtime.Transient {
		t.Errorf("got %v", err)
	}
	if err := load(t.Context(), s, u); err != nil {
		t.Fatal(err)
	}
	if got := cells(t, server, rowCount); got != "10" {
		t.Errorf("%s rows, want 10", got)
	}
}

// COPY by name passes over a column that the table has not: what was in it would be lost.
func TestTableAlteredMeanwhile(t *testing.T) {
	for _, c := range []struct {
		alter string
		want  runtime.Class
	}{
		{`ALTER TABLE TRANSFERS DROP COLUMN "VALUE"`, runtime.Drift},
		{`DROP TABLE TRANSFERS`, runtime.Permanent},
	} {
		for _, method := range []string{MethodStage, MethodInsert} {
			t.Run(method+"/"+c.alter, func(t *testing.T) {
				t.Parallel()
				server := snowtest.Start(t)
				config := configOf(t, server)
				config.Method = method
				s := prepared(t, config, transfers())
				server.Add(snowtest.Fault{Match: "BEGIN", Do: func() { cells(t, server, c.alter) }})
				if err := load(t.Context(), s, unit(span(0, 9, "h9"))); err == nil || runtime.ClassOf(err) != c.want {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestStageThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	s := prepared(t, configOf(t, server), transfers())
	server.Add(snowtest.Fault{Match: "PUT", Fail: &snowtest.Error{Code: "003001", State: "42501", Message: "Insufficient privileges to operate on stage"}})
	err := load(t.Context(), s, unit(span(0, 9, "h9")))
	if err == nil || runtime.ClassOf(err) != runtime.Permanent || !strings.Contains(err.Error(), "grant the role") {
		t.Errorf("got %v", err)
	}
}

// Rows that wait for puts that stall wait no longer than they are wanted.
func TestWriteIsCancelled(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	s := prepared(t, configOf(t, server), transfers())
	reached, hold := make(chan struct{}), make(chan struct{})
	defer close(hold)
	server.Add(snowtest.Fault{Match: "PUT", Hold: hold, Reached: reached})
	r, err := s.stage(t.Context(), s.table, s.table.folder, "b")
	if err != nil {
		t.Fatal(err)
	}
	defer r.discard(t.Context())
	r.put([]stagefile.File{{Path: emptyFile(t)}})
	<-reached
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.write(ctx, transferRows(0, 9)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := r.puts.Wait(); err == nil {
		t.Error("the puts go on")
	}
}

func emptyFile(t *testing.T) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// A PUT whose answer was lost is sent again, and the file is there once.
func TestPutTwice(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	s := prepared(t, configOf(t, server), transfers())
	server.Add(snowtest.Fault{Match: "PUT", LoseReply: true})
	if err := load(t.Context(), s, unit(span(0, 9, "h9"))); err != nil {
		t.Fatal(err)
	}
	if got := cells(t, server, rowCount); got != "10" {
		t.Errorf("%s rows, want 10", got)
	}
}

// Nothing stays in the stage: not after commits or rollbacks, and what a crash left goes when the next loader starts. The server's
// day of the month has one digit, and a stage that cannot be listed stops no loader.
func TestStageIsSwept(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	server.Now = func() time.Time { return time.Date(2020, 1, 5, 12, 0, 0, 0, time.UTC) }
	config := configOf(t, server)
	s := prepared(t, config, transfers())
	if err := load(t.Context(), s, unit(span(0, 9, "h9"))); err != nil {
		t.Fatal(err)
	}
	if left := stageFiles(t, server); len(left) != 0 {
		t.Errorf("after a commit the stage has %s", left)
	}
	server.Add(snowtest.Fault{Match: "COPY INTO", Fail: &snowtest.Error{Code: "100038", State: "22018", Message: "not a number"}},
		snowtest.Fault{Match: "REMOVE", Fail: &snowtest.Error{Code: "091003", State: "55000", Message: "failure using stage area"}})
	if err := load(t.Context(), s, unit(span(10, 19, "h19"))); err == nil {
		t.Fatal("a COPY that failed was committed")
	}
	if left := stageFiles(t, server); len(left) != 1 {
		t.Errorf("the file that could not be removed is not there: %s", left)
	}
	server.Add(snowtest.Fault{Match: "LIST", Fail: &snowtest.Error{Code: "091003", State: "55000", Message: "failure using stage area"}})
	prepared(t, config, transfers())
	prepared(t, config, transfers())
	if left := stageFiles(t, server); len(left) != 0 {
		t.Errorf("after a start the stage has %s", left)
	}
}

// Workers load different blocks of one table at once, each by files and commits of its own.
func TestEightWorkers(t *testing.T) {
	const workers, units, blocks = 8, 6, 50
	for _, method := range []string{MethodStage, MethodInsert} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			server := snowtest.Start(t)
			config := configOf(t, server)
			config.Method = method
			table := transfers()
			s := prepared(t, config, table)
			var all sync.WaitGroup
			for w := range uint64(workers) {
				all.Go(func() {
					for n := range uint64(units) {
						start := (w*units + n) * blocks
						if err := load(t.Context(), s, unit(span(start, start+blocks-1, ""))); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			if got, want := cells(t, server, "SELECT COUNT(*), COUNT(DISTINCT BLOCK_NUM), MAX(BLOCK_NUM) FROM TRANSFERS"), "2400,2400,2399"; got != want {
				t.Errorf("rows, blocks and last block are %s, want %s", got, want)
			}
			if got := cells(t, server, "SELECT COUNT(*) FROM AMP_STREAM_STATE"); got != fmt.Sprint(workers*units) {
				t.Errorf("%s ranges in the state", got)
			}
			if left := stageFiles(t, server); len(left) != 0 {
				t.Errorf("the stage has %s", left)
			}
		})
	}
}

// verifyNothingRuns looks for goroutines, but not for those of idle HTTP connections: the driver leaves one open for a while when it
// closes a session.
func verifyNothingRuns(t *testing.T, ignore goleak.Option) {
	t.Helper()
	goleak.VerifyNone(t, ignore, goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"),
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

func TestNothingIsLeftRunning(t *testing.T) {
	server := snowtest.Start(t)
	ignore := goleak.IgnoreCurrent()
	config := configOf(t, server)
	s := openSink(t, config)
	if err := s.Prepare(t.Context(), transfers()); err != nil {
		t.Fatal(err)
	}
	for _, commit := range []bool{true, false} {
		tx, err := s.Begin(t.Context(), unit(span(0, 999, "h")))
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Write(t.Context(), transferRows(0, 999)); err != nil {
			t.Fatal(err)
		}
		if commit {
			err = tx.Commit(t.Context())
		} else {
			err = tx.Rollback(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := server.Sessions(); n != 0 {
		t.Errorf("%d sessions are open", n)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the folder for files is left: %v", err)
	}
	verifyNothingRuns(t, ignore)
}

// A connect that fails leaves nothing, and does not say the password.
func TestFailedConnect(t *testing.T) {
	server := snowtest.Start(t)
	ignore := goleak.IgnoreCurrent()
	for _, c := range []struct {
		name   string
		change func(*Config)
	}{
		{"wrong password", func(c *Config) {
			if err := os.WriteFile(c.PasswordFile, []byte("s3cret"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"no such database", func(c *Config) { c.Database = "NOWHERE" }},
		{"no such role", func(c *Config) { c.Role = "NOBODY" }},
	} {
		config := configOf(t, server)
		c.change(&config)
		_, err := Open(t.Context(), config)
		if err == nil || runtime.ClassOf(err) != runtime.Permanent || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if n := server.Sessions(); n != 0 {
		t.Errorf("%d sessions are open", n)
	}
	verifyNothingRuns(t, ignore)
}

// A value of more digits than NUMBER has is refused by name, before anything is sent.
func TestNumberThatDoesNotFit(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	for _, method := range []string{MethodStage, MethodInsert} {
		config := configOf(t, server)
		config.Method, config.Uint256 = method, "number"
		table := transfers()
		table.Name = "numbers_" + method
		s := prepared(t, config, table)
		rows := transferRows(0, 1)
		tx, err := s.Begin(t.Context(), unit(span(0, 1, "h1")))
		if err != nil {
			t.Fatal(err)
		}
		large := withValue(rows, "1"+strings.Repeat("0", 38))
		if err = tx.Write(t.Context(), large); err == nil {
			err = tx.Commit(t.Context())
		}
		_ = tx.Rollback(t.Context())
		if err == nil || runtime.ClassOf(err) != runtime.Permanent || !strings.Contains(err.Error(), `"value"`) {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// withValue is rows with the same value in each.
func withValue(rows arrow.RecordBatch, value string) arrow.RecordBatch {
	return replaceColumn(rows, 2, value)
}
