package snowtest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

func TestMain(m *testing.M) {
	if err := sf.GetLogger().SetLogLevel("OFF"); err != nil { // it logs every error that a test provokes
		panic(err)
	}
	os.Exit(m.Run())
}

// open connects the real driver, with the session in UTC. Change the configuration with options.
func open(t testing.TB, srv *snowtest.Server, options ...func(*sf.Config)) *sql.DB {
	t.Helper()
	cfg := srv.Config()
	set(&cfg, "TIMEZONE", "UTC")
	for _, o := range options {
		o(&cfg)
	}
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, cfg))
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func set(cfg *sf.Config, name, value string) { cfg.Params[name] = &value }

func param(name, value string) func(*sf.Config) {
	return func(cfg *sf.Config) { set(cfg, name, value) }
}

// conn is one session.
func conn(t testing.TB, db *sql.DB) *sql.Conn {
	t.Helper()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// runner is a database or one of its connections.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func exec(t testing.TB, db runner, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// rows are a query's rows with | between the cells; NULL is <nil>.
func rows(t testing.TB, db runner, query string, args ...any) []string {
	t.Helper()
	out, err := query_(t.Context(), db, query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

func query_(ctx context.Context, db runner, query string, args ...any) ([]string, error) {
	r, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	names, err := r.Columns()
	if err != nil {
		return nil, err
	}
	var out []string
	for r.Next() {
		cells, to := make([]any, len(names)), make([]any, len(names))
		for i := range cells {
			to[i] = &cells[i]
		}
		if err := r.Scan(to...); err != nil {
			return nil, err
		}
		texts := make([]string, len(cells))
		for i, c := range cells {
			if b, ok := c.([]byte); ok {
				c = fmt.Sprintf("%X", b)
			}
			texts[i] = fmt.Sprint(c)
		}
		out = append(out, strings.Join(texts, "|"))
	}
	return out, r.Err()
}

// number is the number of a Snowflake error, 0 for nil and -1 for another error.
func number(err error) int {
	var e *sf.SnowflakeError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.Number
	}
	return -1
}

func same(t testing.TB, got, want []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
