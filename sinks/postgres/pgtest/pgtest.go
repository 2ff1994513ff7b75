// Package pgtest runs a temporary PostgreSQL server for tests and benchmarks.
//
// A test package has
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// and its tests call Database. The server starts with the first call, in about a second, and is gone with the process,
// however that ends.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// install is what to run where there is no server.
const install = "no PostgreSQL server found: put initdb and postgres on the PATH, or run: sudo apt-get install postgresql"

// Server is a running PostgreSQL server with its data in a temporary folder. It does not survive a crash of the machine: it
// runs without fsync.
type Server struct {
	// Port is where it listens, on 127.0.0.1 and on a Unix socket in Dir.
	Port int
	Dir  string
	// Bin is the folder of its programs, such as psql.
	Bin string

	postgres *exec.Cmd
	exited   chan struct{} // closed when the server process is gone
	mu       sync.Mutex
	created  int
}

// Superuser is the only role of the server. Local connections need no password.
const Superuser = "postgres"

// Start starts a server.
func Start(ctx context.Context) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, Bin: bin, exited: make(chan struct{})}
	if err := s.start(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("start a PostgreSQL server in %s: %w", dir, err)
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	attr, err := s.unprivileged()
	if err != nil {
		return err
	}
	initdb := exec.CommandContext(ctx, filepath.Join(s.Bin, "initdb"), "--pgdata", s.data(), "--username", Superuser,
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
	initdb.SysProcAttr, initdb.Dir = attr, s.Dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if s.Port, err = freePort(); err != nil {
		return err
	}
	log, err := os.Create(s.log())
	if err != nil {
		return err
	}
	defer log.Close()
	s.postgres = exec.Command(filepath.Join(s.Bin, "postgres"), "-D", s.data(), "-k", s.Dir, "-h", "127.0.0.1", "-p", strconv.Itoa(s.Port),
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=100", "-c", "max_wal_size=4GB", "-c", "timezone=UTC",
		"-c", "shared_buffers=256MB")
	s.postgres.SysProcAttr, s.postgres.Dir = attr, s.Dir
	s.postgres.Stdout, s.postgres.Stderr = log, log
	if err := startAndWait(s.postgres, s.exited); err != nil {
		return err
	}
	return s.ready(ctx)
}

// startAndWait starts cmd from a thread that lives until cmd has exited: the kernel's parent-death signal is sent when the
// starting thread ends, not the process.
func startAndWait(cmd *exec.Cmd, exited chan struct{}) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is of interest only while starting, and then in its log
			close(exited)
		}
	}()
	return <-started
}

// ready waits until the server accepts connections.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			out, _ := os.ReadFile(s.log())
			return fmt.Errorf("postgres exited:\n%s", out)
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server at once and removes its data.
func (s *Server) Stop() {
	if s.postgres != nil && s.postgres.Process != nil {
		_ = s.postgres.Process.Signal(syscall.SIGQUIT) // immediate shutdown; an error means that it is gone
		<-s.exited
	}
	_ = os.RemoveAll(s.Dir) // a temporary folder
}

// URL is that of a database, over TCP.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s", Superuser, s.Port, database)
}

// SocketURL is that of a database over the Unix socket, which is a good deal faster for bulk loads.
func (s *Server) SocketURL(database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d", Superuser, database, s.Dir, s.Port)
}

// CreateDatabase makes an empty database and returns its name.
func (s *Server) CreateDatabase(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock() // databases are copied from a template that nobody else may use meanwhile
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	s.created++
	name := fmt.Sprintf("test%d", s.created)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	return name, err
}

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }
func (s *Server) log() string  { return filepath.Join(s.Dir, "postgres.log") }

// unprivileged runs the server's programs as user postgres where this process is root, since they refuse to run as root,
// and gives that user the folder.
func (s *Server) unprivileged() (*syscall.SysProcAttr, error) {
	attr := dieWithParent()
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is no other user for it: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2, os.Chown(s.Dir, int(uid), int(gid))); err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, nil
}

// programs finds the folder with initdb and postgres; of several versions, the newest.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), "postgres")); err == nil {
				return filepath.Dir(path), nil
			}
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New(install)
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// version is the 15 of /usr/lib/postgresql/15/bin/initdb.
func version(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

// shared is the server of a test process.
var shared struct {
	used   bool // TestMain calls Main
	once   sync.Once
	server *Server
	err    error
}

// Main runs the tests of a package and stops the server that they started. It returns the exit code.
func Main(m *testing.M) int {
	shared.used = true
	code := m.Run()
	if shared.server != nil {
		shared.server.Stop()
	}
	return code
}

// Shared is the server of the test process. The test fails if there is none to start.
func Shared(tb testing.TB) *Server {
	tb.Helper()
	if !shared.used {
		tb.Fatal("TestMain must call pgtest.Main, which stops the server")
	}
	shared.once.Do(func() { shared.server, shared.err = Start(context.Background()) })
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.server
}

// Database is the URL of a new, empty database of the test process's server.
func Database(tb testing.TB) string {
	tb.Helper()
	s := Shared(tb)
	name, err := s.CreateDatabase(context.Background())
	if err != nil {
		tb.Fatalf("create a database: %v", err)
	}
	return s.URL(name)
}
