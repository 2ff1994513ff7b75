package sql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
)

func TestLex(t *testing.T) {
	names := map[TokenKind]string{Comment: "comment", Word: "word", QuotedName: "name", NumberToken: "number", StringToken: "string",
		HexToken: "hex", OtherString: "other", Placeholder: "placeholder", Symbol: "symbol"}
	tests := []struct{ text, want string }{
		{"", ""},
		{" \t\r\n", ""},
		{"select A_b9$ Größe", "word SELECT, word A_B9$, word GRößE"},
		{"#a a#b @x @@y a@b #", "word #A, word A#B, word @X, word @@Y, word A@B, symbol #"},
		{`"a""b" ` + "`c``d`" + ` ""`, "name a\"b, name c`d, name "},
		{"1 1. .5 1.5 1e5 1E-5 1e+5 1.5e3", "number 1, number 1., number .5, number 1.5, number 1e5, number 1E-5, number 1e+5, number 1.5e3"},
		{"1_000 1L 1.5L 1e 1.a", "number 1, word _000, number 1, number 1.5, number 1, word E, number 1., word A"},
		{"0x1F 0xzz 0X1", "hex 1F, hex , word ZZ, number 0, word X1"},
		{"x'0f' X'' e'a' E'\\'' b'1' N'x' r'\\' u&'x' b\"1\"", "hex 0f, hex , string a, string ', other B, other N, other R, other U&, other B"},
		{`'it''s' 'a\' ''`, `string it's, string a\, string `},
		{`E'\b\f\n\r\t\\\q\x41\x4\u00e9\U0001f600\101\7\''''`, "string \b\f\n\r\t\\qA\x04é😀A\a''"},
		{`E'\xzz\u12\U12'`, "string xzzu12U12"},
		{"$$a$b$$ $t$ $$ $t$ $é$x$é$", "string a$b, string  $$ , string x"},
		{"$1 $name ? ?1 :x", "placeholder $1, placeholder $name, placeholder ?, placeholder ?1, symbol :, word X"},
		{"a -- b\nc --", "word A, comment , word C, comment "},
		{"a /* b /* c */ d */ e", "word A, comment , word E"},
		{"a/b//c", "word A, symbol /, word B, symbol //, word C"},
		{"<=> <= <> << <@ < >= >> > == => = != !~~* !~* !~ !~~", "symbol <=>, symbol <=, symbol <>, symbol <<, symbol <@, symbol <, symbol >=, " +
			"symbol >>, symbol >, symbol ==, symbol =>, symbol =, symbol !=, symbol !~~*, symbol !~*, symbol !~, symbol !~~"},
		{"|| |/ |> | -> ->> - #> #>> #- @> @? && & ^@ ^ ~~* ~~ ~* ~ :: := :", "symbol ||, symbol |/, symbol |>, symbol |, symbol ->, " +
			"symbol ->>, symbol -, symbol #>, symbol #>>, symbol #-, symbol @>, symbol @?, symbol &&, symbol &, symbol ^@, symbol ^, " +
			"symbol ~~*, symbol ~~, symbol ~*, symbol ~, symbol ::, symbol :=, symbol :"},
		{"([{,;.}])", "symbol (, symbol [, symbol {, symbol ,, symbol ;, symbol ., symbol }, symbol ], symbol )"},
		{"a\u00a0“b”\ufeff", "word A, symbol \u00a0, symbol “, word B, symbol ”, symbol \ufeff"},
	}
	for _, tt := range tests {
		var diags diag.List
		tokens, ok := Lex(source.New("t", tt.text), 0, len(tt.text), &diags)
		var got []string
		for _, tok := range tokens[:len(tokens)-1] {
			got = append(got, names[tok.Kind]+" "+tok.Text)
		}
		if g := strings.Join(got, ", "); g != tt.want || !ok {
			t.Errorf("%q\n got %s\nwant %s (%v)", tt.text, g, tt.want, diags.Sorted())
		}
	}
}

func TestLexCoversTheText(t *testing.T) {
	for _, text := range corpus {
		var diags diag.List
		tokens, _ := Lex(source.New("t", text), 0, len(text), &diags)
		at := 0
		for _, tok := range tokens {
			if gap := text[at:tok.Start]; strings.Trim(gap, " \t\r\n") != "" || tok.End < tok.Start {
				t.Fatalf("%s: %s", text, fmt.Sprintf("%q between tokens at %d", gap, at))
			}
			at = tok.End
		}
		if at != len(text) {
			t.Errorf("%s: ends at %d of %d", text, at, len(text))
		}
	}
}
