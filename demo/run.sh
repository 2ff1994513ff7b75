#!/usr/bin/env bash
# The demo: a local Amp server on a synthetic chain, ampgen on queries/, the generated ERC-20 loader into DuckDB.
set -euo pipefail
cd "$(dirname "$0")/.."
blocks=${BLOCKS:-2000}
out=build/demo
mkdir -p "$out"
rm -f "$out"/transfers.duckdb*

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

say "1. Build ampgen and ampdev, the local Amp server (the first build compiles DuckDB's bindings and Arrow)"
go build -o "$out/ampgen" ./ampgen
go build -o "$out/ampdev" ./ampgen/ampdev/cmd

say "2. Start ampdev on a synthetic chain of $blocks blocks"
"$out/ampdev" --listen 127.0.0.1:0 --control 127.0.0.1:0 --seed 1 --blocks "$blocks" >"$out/ampdev.log" 2>&1 &
ampdev=$!
trap 'kill $ampdev 2>/dev/null; wait $ampdev 2>/dev/null || true' EXIT
server=""
for _ in $(seq 600); do
	server=$(sed -n 's/.*\(grpc:\/\/[0-9.:]*\).*/\1/p' "$out/ampdev.log" | head -n 1)
	[ -n "$server" ] && break
	kill -0 $ampdev 2>/dev/null || { cat "$out/ampdev.log"; exit 1; }
	sleep 0.1
done
[ -n "$server" ] || { echo "ampdev did not start:"; cat "$out/ampdev.log"; exit 1; }
cat "$out/ampdev.log"

say "3. Generate Go code from queries/*.sql"
"$out/ampgen" --out generated

say "4. Build the generated loader for ERC-20 transfers into DuckDB"
go build -o "$out/erc20-loader" ./generated/erc20_transfers/cmd/erc20_transfers-duckdb
ls -lh "$out/erc20-loader" | awk '{print "   " $NF ", " $5}'

say "5. Load the chain"
"$out/erc20-loader" --server "$server" --duckdb-path "$out/transfers.duckdb" --from-block 0 --to-block latest

say "6. Run it again: nothing is missing, so nothing is written"
"$out/erc20-loader" --server "$server" --duckdb-path "$out/transfers.duckdb" --from-block 0 --to-block latest

say "7. What is in $out/transfers.duckdb"
go run ./demo/show "$out/transfers.duckdb"
