package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/ampgen/ampdev"
)

// paymentsQuery has columns that differ between the two layouts of the table transactions.
const paymentsQuery = `-- name: Payments :stream
-- @sink postgres table=payments
select block_num, tx_hash, value, r, status
from eth_rpc.transactions;
`

// TestDescribeAndVerify asks servers for a query's schema: one that has the tables as ampgen knows them, and one whose dataset of
// that name has other columns.
func TestDescribeAndVerify(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ampgen := func(code int, args ...string) (stdout, stderr string) {
		t.Helper()
		p := start(t, dir, program(t, "ampgen"), args...)
		p.expect(t, code)
		return p.stdout.String(), p.stderr.String()
	}
	write("go.mod", "module example.com/pipelines\n")
	write("queries/payments.sql", paymentsQuery)
	firehose, err := ampdev.ParseDataset("eth_rpc", "firehose")
	if err != nil {
		t.Fatal(err)
	}
	agrees := startServer(t, ampdev.Config{Blocks: 1})
	differs := startServer(t, ampdev.Config{Blocks: 1, Datasets: []ampdev.Dataset{firehose}})

	out, _ := ampgen(0, "verify", "--server", agrees.url)
	contains(t, out, "Payments: the server announces what was inferred, 5 columns")
	out, _ = ampgen(1, "verify", "--server", differs.url)
	contains(t, out, "queries/payments.sql:1: query Payments differs from the server:", `"value"`, `"r"`, `"status"`)
	if strings.Contains(out, "tx_hash") {
		t.Errorf("tx_hash does not differ:\n%s", out)
	}

	out, _ = ampgen(0, "describe", "--server", agrees.url)
	contains(t, out, "wrote     queries/Payments.lock.json")
	out, _ = ampgen(0, "describe", "--server", agrees.url, "queries/payments.sql")
	contains(t, out, "unchanged queries/Payments.lock.json")
	ampgen(0)

	// A lock that disagrees with inference is a fault, at the columns that it is about.
	out, _ = ampgen(0, "describe", "--server", differs.url)
	contains(t, out, "wrote     queries/Payments.lock.json")
	_, said := ampgen(1, "check")
	contains(t, said, `queries/payments.sql:3:28: error: column "value" is announced as not null, and as nullable in the lock file [AMP004]`,
		`queries/payments.sql:3:35: error: column "r" is FixedSizeBinary(32), and Binary in the lock file [AMP004]`,
		`queries/payments.sql:3:38: error: column "status" is Boolean, and Int32 in the lock file [AMP004]`,
		"note: queries/Payments.lock.json is what the server announced", "3 faults; nothing was written")

	// What the server refuses is not written.
	lock := filepath.Join(dir, "queries", "Payments.lock.json")
	before, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	write("queries/payments.sql", strings.Replace(paymentsQuery, "status", "state_root", 1))
	_, said = ampgen(2, "describe", "--server", differs.url)
	contains(t, said, "ampgen: describe query Payments", "state_root")
	if after, err := os.ReadFile(lock); err != nil || string(after) != string(before) {
		t.Errorf("the lock file changed: %v\n%s", err, after)
	}

	// A lock of another text of the query is stale.
	_, said = ampgen(1, "check")
	contains(t, said, "queries/Payments.lock.json:1:1: error: the lock is of another text of query Payments")
	out, _ = ampgen(0, "describe", "--server", agrees.url)
	contains(t, out, "wrote     queries/Payments.lock.json")
	ampgen(0, "check")
}
