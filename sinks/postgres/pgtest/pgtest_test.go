package pgtest_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestDatabasesAreEmptyAndSeparate(t *testing.T) {
	first, second := pgtest.Database(t), pgtest.Database(t)
	if first == second {
		t.Fatalf("one URL twice: %s", first)
	}
	for _, url := range []string{first, second} {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), "CREATE TABLE t ()"); err != nil {
			t.Errorf("create in %s: %v", url, err)
		}
	}
}

func TestSocket(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), pgtest.Shared(t).SocketURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var zone string
	if err := conn.QueryRow(t.Context(), "SHOW timezone").Scan(&zone); err != nil || zone != "UTC" {
		t.Errorf("time zone %q, %v", zone, err)
	}
}
