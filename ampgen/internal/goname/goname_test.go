package goname

import (
	"go/token"
	"testing"
	"unicode/utf8"
)

func TestExported(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"block_num", "BlockNum"},
		{"value", "Value"},
		{"from", "From"},
		{"type", "Type"},
		{"BLOCK_NUM", "BlockNum"},
		{"Block_Num", "BlockNum"},
		{"blockNum", "BlockNum"},
		{"sqrtPriceX96", "SqrtPriceX96"},
		{"sqrt_price_x96", "SqrtPriceX96"},
		{"amount0", "Amount0"},
		{"amount0In", "Amount0In"},
		{"sha3Uncles", "Sha3Uncles"},
		// Initialisms: alone, first, inside, plural, numbered, and words that only look like one.
		{"id", "ID"},
		{"tx_id", "TxID"},
		{"token_id", "TokenID"},
		{"tokenIds", "TokenIDs"},
		{"tokenURI", "TokenURI"},
		{"baseURLPath", "BaseURLPath"},
		{"usd_value", "USDValue"},
		{"erc20_value", "ERC20Value"},
		{"evm_abi_rpc", "EVMABIRPC"},
		{"nfts", "NFTs"},
		{"idle", "Idle"},
		{"paid", "Paid"},
		{"gas", "Gas"},
		{"totalLPTokens", "TotalLPTokens"},
		// Names of Amp, digits first, letters without case, and nothing usable at all.
		{"_block_num", "AmpBlockNum"},
		{"_ts", "AmpTs"},
		{"1inch_rate", "X1inchRate"},
		{"größe", "Größe"},
		{"数量", "X数量"},
		{"a b-c.d", "ABCD"},
		{"emoji🚀moon", "EmojiMoon"},
		{"$", "X"},
		{"", "X"},
	} {
		if got := (Rules{}).Exported(c.sql); got != c.want {
			t.Errorf("Exported(%q) = %s, want %s", c.sql, got, c.want)
		}
	}
}

func TestExtraInitialisms(t *testing.T) {
	r := New([]string{"cow", "GHO"})
	for sql, want := range map[string]string{"cow_swap": "COWSwap", "gho_minted": "GHOMinted", "cows": "COWs", "token_id": "TokenID"} {
		if got := r.Exported(sql); got != want {
			t.Errorf("Exported(%q) = %s, want %s", sql, got, want)
		}
	}
}

func TestPackageAndFolder(t *testing.T) {
	for _, c := range []struct{ query, folder, pkg string }{
		{"Erc20Transfers", "erc20_transfers", "erc20transfers"},
		{"ERC20Transfers", "erc20_transfers", "erc20transfers"},
		{"erc20_transfers", "erc20_transfers", "erc20transfers"},
		{"UniswapV3Swaps", "uniswap_v3_swaps", "uniswapv3swaps"},
		{"RawLogs", "raw_logs", "rawlogs"},
		{"Logs", "logs", "logs"},
		// A keyword, a predeclared name, and names with a meaning to the go command or among the generated files.
		{"Type", "type_query", "typequery"},
		{"String", "string_query", "stringquery"},
		{"Internal", "internal_query", "internalquery"},
		{"Main", "main_query", "mainquery"},
		{"Example", "example_query", "examplequery"},
		{"Bench", "bench_query", "benchquery"},
		{"Con", "con_query", "conquery"},
		{"Lpt1", "lpt1_query", "lpt1query"},
		{"_1", "1", "q1"},
	} {
		if got := Folder(c.query); got != c.folder {
			t.Errorf("Folder(%q) = %s, want %s", c.query, got, c.folder)
		}
		if got := Package(c.query); got != c.pkg {
			t.Errorf("Package(%q) = %s, want %s", c.query, got, c.pkg)
		}
	}
}

// Whatever a column is called, its identifier is one that Go accepts and exports.
func FuzzExported(f *testing.F) {
	for _, seed := range []string{"block_num", "_x", "1", "ǅ", "ß", "a\x00b", "İ", "٣"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		id := New([]string{name}).Exported(name)
		if utf8.ValidString(name) && (!token.IsIdentifier(id) || !token.IsExported(id)) {
			t.Errorf("Exported(%q) = %q is not an exported identifier", name, id)
		}
		if pkg := Package(name); utf8.ValidString(name) && !token.IsIdentifier(pkg) {
			t.Errorf("Package(%q) = %q is not an identifier", name, pkg)
		}
	})
}
