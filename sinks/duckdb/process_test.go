package duckdb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/runtime"
)

// childFile names the file that a child process of the tests loads into.
const childFile = "AMPGEN_TEST_DUCKDB_FILE"

// child starts a process that commits blocks 1 to 3, writes 4 to 6 without committing them, and then keeps the file open.
func child(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+path)
	stdin, err := cmd.StdinPipe() // held open: its end tells the child that this process is gone
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if lines.Text() == "loaded" {
			return cmd
		}
	}
	t.Fatal("the child process ended early")
	return nil
}

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		if err := childProcess(context.Background(), path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func childProcess(ctx context.Context, path string) error {
	s, err := open(ctx, path)
	if err != nil {
		return err
	}
	if err := s.Prepare(ctx, eventsTable()); err != nil {
		return err
	}
	committed, err := s.Begin(ctx, unit(span(1, 3, "0xa", "")))
	if err != nil {
		return err
	}
	if err := errors.Join(committed.Write(ctx, rows(1, 3)), committed.Commit(ctx)); err != nil {
		return err
	}
	open, err := s.Begin(ctx, unit(span(4, 6, "0xb", "0xa")))
	if err != nil {
		return err
	}
	if err := open.Write(ctx, rows(4, 6)); err != nil {
		return err
	}
	fmt.Println("loaded")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func TestFileOfAnotherProcess(t *testing.T) {
	path := file(t)
	cmd := child(t, path)
	_, err := open(t.Context(), path)
	wantClass(t, err, runtime.Permanent, fmt.Sprintf("PID %d", cmd.Process.Pid))
	wantClass(t, err, runtime.Permanent, "; a DuckDB file can be open in one process at a time")
}

// A killed loader leaves what it committed, and nothing else.
func TestKilledProcess(t *testing.T) {
	path := file(t)
	cmd := child(t, path)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	s := opened(t, path, eventsTable())
	equal(t, read(t, path, "SELECT block_num::VARCHAR FROM events ORDER BY 1"), []string{"1", "2", "3"})
	if st := state(t, s, eventsTable()); len(st.Ranges) != 1 || st.Fence != 2 {
		t.Errorf("%+v", st)
	}
	load(t, s, unit(span(4, 6, "0xb", "0xa")), rows(4, 6))
	equal(t, read(t, path, "SELECT count(*)::VARCHAR FROM events"), []string{"6"})
}

func TestOpenErrors(t *testing.T) {
	_, err := open(t.Context(), filepath.Join(t.TempDir(), "missing", "x.duckdb"))
	wantClass(t, err, runtime.Permanent, "its folder must exist and be writable")
	garbage := filepath.Join(t.TempDir(), "x.duckdb")
	if err := os.WriteFile(garbage, make([]byte, 20000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = open(t.Context(), garbage)
	wantClass(t, err, runtime.Permanent, "not a valid DuckDB database file")
}

// DuckDB names a database after its file, and some names are taken or need quoting.
func TestFileNames(t *testing.T) {
	for _, name := range []string{"temp.duckdb", "system.db", "main.db", `a "b" 'c'.db`, "select", "with?mark.db", "x.y.z"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			s := opened(t, path, eventsTable())
			load(t, s, unit(span(1, 3, "0xa", "")), rows(1, 3))
			if got := state(t, s, eventsTable()).Ranges; len(got) != 1 {
				t.Error(got)
			}
		})
	}
}

// TestNoFileIsMadeBeforeSomethingIsLoaded: state and comparison of a file that does not exist say so, and leave it at that.
func TestNoFileIsMadeBeforeSomethingIsLoaded(t *testing.T) {
	path, table := file(t), eventsTable()
	d := NewDriver()
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	d.Flags(fs)
	if _, err := d.Open(t.Context()); !errors.As(err, new(*runtime.UsageError)) || !strings.Contains(err.Error(), "--duckdb-path") {
		t.Errorf("without a path: %v", err)
	}
	if err := fs.Parse([]string{"--duckdb-path", path, "--duckdb-memory", "100MB"}); err != nil {
		t.Fatal(err)
	}
	s, err := d.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if state, err := s.State(t.Context(), table); err != nil || state.Missing != "file "+path || len(state.Ranges) > 0 {
		t.Errorf("the state is %+v, %v", state, err)
	}
	lines, err := s.(runtime.Comparer).Compare(t.Context(), table)
	if err != nil || len(lines) != 1 || !strings.HasPrefix(lines[0], "does not exist; a run creates it and what belongs to it:\n") {
		t.Errorf("it differs by %q, %v", lines, err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Fatalf("there is a file: %v", err)
	}
	if err := s.Prepare(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	if state, err := s.State(t.Context(), table); err != nil || state.Missing != "" || state.Fence != 1 {
		t.Errorf("the state is %+v, %v", state, err)
	}
}

// TestFolderMustExist: a mistake in the path shows at once, not when the server has answered.
func TestFolderMustExist(t *testing.T) {
	d := &Driver{path: filepath.Join(t.TempDir(), "missing", "x.duckdb")}
	if _, err := d.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "make the folder, or name another file") {
		t.Errorf("got %v", err)
	}
}
