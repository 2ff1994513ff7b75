package judges

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/sinktest"
	"github.com/ampgen/ampgen/sinks/snowflake"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// TestConformance runs the suite that every sink passes on fakesnow, as far as that can:
//
//   - Types and Refusals have lists, structs and maps; TestFakesnowLoadsTheFiles is about the other types.
//   - Names has quotes in names, which fakesnow does not quote.
//   - Compaction has a thousand commits, for which fakesnow takes minutes.
//   - The method insert binds arrays, which fakesnow inserts row by row and not at all if they have nulls.
//   - UndoWithinUnitBesideOthers has two commits at once. Here the second is not made to wait, but fails.
func TestConformance(t *testing.T) {
	server := startFakesnow(t)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	places := 0
	sinktest.RunOnly(t, func(t *testing.T) sinktest.Harness {
		places++
		return &place{server: server, database: fmt.Sprintf("PLACE%d", places), password: password}
	}, "StateOfNothing", "PrepareTwice", "Drift", "Compare", "TablesAreSeparate", "CommitShowsRowsAndStateTogether", "EmptyUnit", "Rollback",
		"CancelledContext", "WrongSchema", "CommitTwice", "Overlap", "SeveralRanges", "UnitsAtOnce", "Replace", "ManyRows", "LargestBlock", "Fence",
		"Undo", "UndoAndReload", "UndoOfOneNetwork", "UndoProvesTheBoundary", "UndoWithinUnit", "UndoWithinEmptyUnit", "UndoWithinUnitAndFence",
		"UndoWithinUnitOfHistory", "History", "Redo", "RedoOfHistory")
}

// place is a database of its own in fakesnow.
type place struct {
	server   *fakesnow
	database string
	password string // a file
}

func (p *place) Traits() sinktest.Traits {
	return sinktest.Traits{TextHoldsNUL: true, NoIntervals: true}
}

func (p *place) Open(t testing.TB, _ *runtime.Table) runtime.Sink {
	t.Helper()
	s, err := snowflake.Open(t.Context(), snowflake.Config{Account: "acme", User: "loader", PasswordFile: p.password, Host: p.server.proxy.URL,
		Database: p.database, Schema: "PUBLIC"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *place) Rows(t testing.TB, table string, fields []arrow.Field) [][]any {
	t.Helper()
	name, err := ddl.ParseName(table)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(p.server.openDatabase(t, p.database), "SELECT %s FROM "+name.String(), fields)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
