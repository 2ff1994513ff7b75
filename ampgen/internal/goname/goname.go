// Package goname turns names of SQL into names of Go: columns into exported identifiers, queries into packages and folders.
// A name depends on the SQL name alone, so that adding a column never renames another; two SQL names may therefore give one
// Go name, which the caller has to report.
package goname

import (
	"go/token"
	"strings"
	"unicode"
)

// initialisms are the words that Go code writes in one case: Go's own, and those of the field.
var initialisms = words(`
	ACL API ASCII CPU CSS DNS EOF GUID HTML HTTP HTTPS ID IP JSON LHS QPS RAM RHS RPC SLA SMTP SQL SSH TCP TLS TTL UDP UI
	UID URI URL UTC UTF8 UUID VM XML XMPP XSRF XSS
	ABI AMM BTC CEX DAO DEX EIP ENS EOA ERC ETH EVM FDV IPFS L1 L2 LP MEV NFT PNL RLP SSZ TVL TWAP USD VWAP`)

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// Rules say which words are initialisms. The zero Rules have the built-in ones.
type Rules struct {
	extra map[string]bool
}

// New returns the rules with more initialisms than the built-in ones, in any letter case.
func New(extra []string) Rules {
	return Rules{words(strings.ToUpper(strings.Join(extra, " ")))}
}

// Exported is the exported identifier of a column or field: block_num is BlockNum, sqrtPriceX96 is SqrtPriceX96, token_id is
// TokenID. A name that begins with an underscore is one of Amp's own, since aliases may not: _block_num is AmpBlockNum. A name
// that does not begin with a letter that has an upper case gets an X in front: 1inch is X1inch.
func (r Rules) Exported(name string) string {
	var b strings.Builder
	if strings.HasPrefix(name, "_") {
		b.WriteString("Amp")
	}
	for _, w := range split(name) {
		b.WriteString(r.title(w))
	}
	id := b.String()
	if !token.IsExported(id) {
		id = "X" + id
	}
	return id
}

// title writes a word as it stands inside an identifier.
func (r Rules) title(word string) string {
	upper := strings.ToUpper(word)
	switch {
	case r.initialism(upper):
		return upper
	case strings.HasSuffix(upper, "S") && r.initialism(upper[:len(upper)-1]):
		return upper[:len(upper)-1] + "s"
	}
	first := []rune(word)
	first[0] = unicode.ToUpper(first[0])
	return string(first)
}

// initialism reports whether an upper-case word is one, also with a number behind it, as in ERC20.
func (r Rules) initialism(upper string) bool {
	bare := strings.TrimRight(upper, "0123456789")
	return initialisms[upper] || r.extra[upper] || initialisms[bare] || r.extra[bare]
}

// Folder is the folder of a query's package: Erc20Transfers is erc20_transfers.
func Folder(query string) string {
	folder := strings.ToLower(strings.Join(split(query), "_"))
	if taken(folder) {
		folder += "_query"
	}
	return folder
}

// Package is the Go package of a query: Erc20Transfers is erc20transfers.
func Package(query string) string {
	name := strings.ReplaceAll(Folder(query), "_", "")
	if name == "" || !unicode.IsLetter([]rune(name)[0]) {
		name = "q" + name
	}
	return name
}

// taken reports names that a package cannot have, or that the go command or the generated files give another meaning.
func taken(name string) bool {
	switch name {
	case "", "main", "internal", "vendor", "testdata", "cmd", "test", "example", "bench":
		return true
	}
	return token.IsKeyword(name) || predeclared[name] || devices[name]
}

// devices are names that no file has on Windows, so the go command takes no folder of such a name for a package.
var devices = words(`con prn aux nul com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9`)

var predeclared = func() map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(`any append bool byte cap clear close comparable complex complex64 complex128 copy
		delete error false float32 float64 imag init int int8 int16 int32 int64 iota len make max min new nil panic print println
		real recover rune string true uint uint8 uint16 uint32 uint64 uintptr`) {
		set[name] = true
	}
	return set
}()

// split cuts a name into words, at what is neither letter nor digit and where the letter case says so: sqrtPriceX96 is sqrt,
// Price and X96, ERC20Transfers is ERC20 and Transfers. The words of a name without small letters are in small letters.
func split(name string) []string {
	if strings.ToUpper(name) == name {
		name = strings.ToLower(name)
	}
	var out []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, string(word))
		}
		word = nil
	}
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
			continue
		}
		if unicode.IsUpper(r) && len(word) > 0 {
			before := word[len(word)-1]
			smallNext := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if !unicode.IsUpper(before) || smallNext {
				end()
			}
		}
		word = append(word, r)
	}
	end()
	return out
}
