package postgres

import (
	"fmt"
	"testing"

	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
	"github.com/ampgen/ampgen/sinks/sinktest"
)

// aged is a sink whose table has rows of each of the blocks before sinktest.Prior, committed one by one.
func aged(b *testing.B, rowsPerBlock int) *Sink {
	url := pgtest.Database(b)
	prepared(b, url, sinktest.Events())
	execute(b, url, fmt.Sprintf(`INSERT INTO amp_stream_state (connection_name, table_name, network, batch_id, start_block, end_block, end_hash, start_parent_hash)
		SELECT 'Events', 'events', 'eth', lpad(to_hex(n), 16, '0'), n, n, '0x' || lpad(to_hex(n), 64, '0'), '0x' || lpad(to_hex(n - 1), 64, '0')
		FROM generate_series(1, %d - 1) n`, sinktest.Prior))
	execute(b, url, fmt.Sprintf(`INSERT INTO events SELECT n, 0, 'a', lpad(to_hex(n), 16, '0')
		FROM generate_series(1, %d - 1) n, generate_series(1, %d)`, sinktest.Prior, rowsPerBlock))
	s := prepared(b, url, sinktest.Events()) // and compacts
	execute(b, url, "VACUUM ANALYZE")        // as autovacuum does from time to time
	return s
}

func BenchmarkCommits(b *testing.B) {
	sinktest.BenchmarkCommits(b, prepared(b, pgtest.Database(b), sinktest.Events()), aged(b, 1))
}

func BenchmarkUndo(b *testing.B) { sinktest.BenchmarkUndo(b, aged(b, 10)) }
