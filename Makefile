.PHONY: demo test generate check bench bench-snowflake scaling memory soak clean

# Load a synthetic chain into DuckDB and show what came out. Needs Go and a C compiler.
demo:
	@demo/run.sh

# Set up what the tests need, and run them all.
test:
	@.ci/setup
	go test -timeout 25m ./...

# Write generated/ from queries/.
generate:
	go run ./ampgen

# What CI checks besides the tests.
check:
	@.ci/check

# Figures for the path to Postgres, as ratios to its own bulk load.
bench:
	@.ci/setup
	go run ./benchmarks/postgres

# Figures for the path to Snowflake: its files beside those of Arrow's own writer, and loads into the test server.
bench-snowflake:
	go test ./sinks/snowflake/internal/stagefile -run '^$$' -bench Files -benchtime 20x
	go run ./benchmarks/snowflake

# How much faster more workers load history, from a server that takes its time with each query.
scaling:
	go test ./e2e -run '^$$' -bench Workers -benchtime 3x

# Peak memory of loaders, for a million and for ten million rows.
memory:
	@.ci/setup
	go run ./benchmarks/memory

# Kill loaders for a minute while the chain grows and reorganises, break the connections of one for half a minute, and compare every row at
# the end.
soak:
	@.ci/setup
	go run ./e2e/soak

clean:
	rm -rf build bin
