package cli

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// scaffold is what init writes, in order: a first query with a label, and the directive that go generate runs.
var scaffold = []struct{ path, text string }{
	{"queries/token_transfers.sql", `-- ERC-20 transfers of the tokens that labels/tokens.csv names.
-- name: TokenTransfers :stream
-- @sink postgres table=token_transfers
-- @sink duckdb table=token_transfers
-- @label tokens csv=labels/tokens.csv key=token_address on=token_address join=inner
-- @key block_num, log_index
select
    l.block_num,
    l.timestamp,
    l.tx_hash,
    l.log_index,
    l.address as token_address,
    evm_decode_log(l.topic1, l.topic2, l.topic3, l.data,
        'Transfer(address indexed from, address indexed to, uint256 value)')['from'] as from_address,
    evm_decode_log(l.topic1, l.topic2, l.topic3, l.data,
        'Transfer(address indexed from, address indexed to, uint256 value)')['to'] as to_address,
    evm_decode_log(l.topic1, l.topic2, l.topic3, l.data,
        'Transfer(address indexed from, address indexed to, uint256 value)')['value'] as value
from eth_rpc.logs l
where l.topic0 = evm_topic('Transfer(address indexed from, address indexed to, uint256 value)')
  and l.topic3 is null;
`},
	{"queries/labels/tokens.csv", `token_address,symbol,decimals
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2,WETH,18
0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48,USDC,6
0xdAC17F958D2ee523a2206206994597C13D831ec7,USDT,6
`},
	{"generate.go", "package " + packagePlaceholder + "\n\n//go:generate go tool ampgen\n"},
}

// packagePlaceholder stands for the package that the folder already has.
const packagePlaceholder = "{package}"

// packageName is the name of the Go package in root, or "pipelines" where there is none yet.
func packageName(root string) string {
	files, _ := filepath.Glob(filepath.Join(root, "*.go"))
	for _, f := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.PackageClauseOnly)
		if err == nil && !strings.HasSuffix(parsed.Name.Name, "_test") {
			return parsed.Name.Name
		}
	}
	return "pipelines"
}

// init writes the scaffold into a folder. Files that exist are kept.
func (a *app) init(paths []string) (int, error) {
	root := a.dir
	switch len(paths) {
	case 0:
	case 1:
		root = paths[0]
	default:
		return exitFailed, errors.New("init takes one folder")
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return exitFailed, fmt.Errorf("no go.mod in %s: generated code is part of a module; run \"go mod init example.com/pipelines\" there first", root)
	}
	for _, f := range scaffold {
		full := filepath.Join(root, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return exitFailed, fmt.Errorf("init: %w", err)
		}
		file, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			fmt.Fprintf(a.stdout, "kept   %s (it exists)\n", f.path)
			continue
		}
		if err != nil {
			return exitFailed, fmt.Errorf("init: %w", err)
		}
		_, err = file.WriteString(strings.Replace(f.text, packagePlaceholder, packageName(root), 1))
		if err := errors.Join(err, file.Close()); err != nil {
			return exitFailed, fmt.Errorf("init: write %s: %w", f.path, err)
		}
		fmt.Fprintf(a.stdout, "wrote  %s\n", f.path)
	}
	fmt.Fprint(a.stdout, `
Next:
  go get -tool github.com/ampgen/ampgen/ampgen    once, if ampgen is not a tool of this module yet
  go generate ./...                               writes generated/
  go mod tidy
  go build ./generated/token_transfers/cmd/token_transfers-duckdb
`)
	return exitOK, nil
}
