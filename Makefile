.PHONY: demo test generate check bench soak clean

# Load a synthetic chain into DuckDB and show what came out. Needs Go and a C compiler.
demo:
	@demo/run.sh

# Set up what the tests need, and run them all.
test:
	@.ci/setup
	go test ./...

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

# Kill a loader for a minute while the chain grows and reorganises, and compare every row at the end.
soak:
	@.ci/setup
	go run ./e2e/soak

clean:
	rm -rf build bin
