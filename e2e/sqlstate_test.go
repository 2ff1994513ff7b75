package e2e

import (
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/fault"
	"github.com/ampgen/ampgen/sinks/postgres"
)

// failing makes statements on a table of PostgreSQL fail by a code: the first few of them, counted by a sequence, which a rollback does not
// set back. Deferred, they fail at COMMIT.
func failing(t *testing.T, db *sql.DB, table, code string, times int, deferred bool) {
	t.Helper()
	trigger := "CREATE TRIGGER fails BEFORE INSERT ON " + table + " FOR EACH ROW"
	if deferred {
		trigger = "CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON " + table + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
	}
	execute(t, db, "DROP TRIGGER IF EXISTS fails ON "+table, "DROP SEQUENCE IF EXISTS failures", "CREATE SEQUENCE failures",
		fmt.Sprintf(`CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('failures') <= %d THEN RAISE EXCEPTION 'as the test wants it' USING ERRCODE = '%s'; END IF;
			RETURN NEW; END $$`, times, code), trigger+" EXECUTE FUNCTION fail()")
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// ruleOf is what docs/errors.md says of a SQLSTATE.
func ruleOf(t *testing.T, code string) (rule runtime.Rule) {
	t.Helper()
	found := false
	for _, r := range postgres.Rules() {
		if r.Code == code || !found && r.Code == code[:2]+"xxx" {
			rule, found = r, true
		}
	}
	if !found {
		t.Fatalf("%s is not documented", code)
	}
	return rule
}

// TestFailuresOfTheDatabase: a real PostgreSQL answers with the codes of its failures, twice each, in the middle of a COPY and at
// COMMIT. One loader bears them all; each gets the rows of the block into the table once.
func TestFailuresOfTheDatabase(t *testing.T) {
	r := newCrashRig(t, postgreSQL, &crashes{})
	p, _, _ := r.behind(t)
	r.awaitTip(t, p)
	db := postgreSQL.open(t, r.target)
	for _, c := range []struct {
		code     string
		atCommit bool
	}{{"40001", false}, {"40001", true}, {"40P01", false}, {"57P01", false}, {"57P01", true}, {"57P03", false}, {"08006", false}, {"08006", true},
		{"25P02", false}, {"53100", false}, {"53300", false}} {
		if class := ruleOf(t, c.code).Class; class != fault.Transient {
			t.Fatalf("%s is documented as %s", c.code, class)
		}
		failing(t, db, "erc20_transfers", c.code, 2, c.atCommit)
		before := strings.Count(p.stderr.String(), "SQLSTATE "+c.code)
		if err := r.chain.Mine(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		p.await(t, "the loader to get over "+c.code, func() (bool, string) {
			problem := r.atTip(t)
			return problem == "", problem
		})
		if n := strings.Count(p.stderr.String(), "SQLSTATE "+c.code) - before; n < 2 {
			t.Errorf("%v: the log has it %d times, and it happened twice", c, n)
		}
	}
	r.comesThrough(t, p)
}

// TestFailuresOfTheDatabaseThatStay end the loader, with the reason and a way on. The next one goes on when the cause is gone.
func TestFailuresOfTheDatabaseThatStay(t *testing.T) {
	for code, exit := range map[string]int{"22003": 1, "23505": 1, "42501": 1, "57P04": 1, "42703": 3} {
		t.Run(code, func(t *testing.T) {
			r := newCrashRig(t, postgreSQL, &crashes{})
			p, _, _ := r.behind(t)
			r.awaitTip(t, p)
			db := postgreSQL.open(t, r.target)
			failing(t, db, "erc20_transfers", code, 1<<30, false)
			if err := r.chain.Mine(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			p.expect(t, exit)
			contains(t, p.stderr.String(), "SQLSTATE "+code, ruleOf(t, code).Help, "what was committed stays")
			execute(t, db, "DROP TRIGGER fails ON erc20_transfers")
			r.settle(t)
		})
	}
}

// TestLostSessions: the server ends the loader's sessions, lets nobody in for a while, and comes back.
func TestLostSessions(t *testing.T) {
	r := newCrashRig(t, postgreSQL, &crashes{})
	p, _, _ := r.behind(t)
	r.awaitTip(t, p)
	db := postgreSQL.open(t, r.target)
	database := queried(t, db, "SELECT current_database()")
	end := "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ampgen' AND datname = current_database()"
	for range 3 {
		execute(t, db, end)
		r.weather(t, p, "the chain has changed", once())
	}
	r.awaitTip(t, p)

	elsewhere, err := url.Parse(r.target)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere.Path = "/postgres" // the database that one is connected to cannot be closed
	admin := postgreSQL.open(t, elsewhere.String())
	execute(t, admin, "ALTER DATABASE "+database+" ALLOW_CONNECTIONS false")
	execute(t, db, end)
	if err := r.chain.Mine(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	p.await(t, "the loader to be kept out", func() (bool, string) {
		return strings.Contains(p.stderr.String(), "SQLSTATE 55000"), ""
	})
	execute(t, admin, "ALTER DATABASE "+database+" ALLOW_CONNECTIONS true")
	r.comesThrough(t, p)
}

func queried(t *testing.T, db *sql.DB, query string) (text string) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}
