package suggest

import "testing"

func TestClosest(t *testing.T) {
	clauses := []string{"SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "JOIN", "ON"}
	columns := []string{"block_num", "block_hash", "tx_hash", "log_index", "Größe"}
	tests := []struct {
		word       string
		candidates []string
		want       string
	}{
		{"wehre", clauses, "WHERE"},
		{"form", clauses, "FROM"},
		{"jion", clauses, "JOIN"},
		{"gruop", clauses, "GROUP"},
		{"select", clauses, "SELECT"},
		{"no", clauses, "ON"},
		{"x", clauses, ""},
		{"", clauses, ""},
		{"transfers", clauses, ""},
		{"blocknum", columns, "block_num"},
		{"block_hsah", columns, "block_hash"},
		{"größe", columns, "Größe"},
		{"logindex", columns, "log_index"},
		{"value", columns, ""},
		{"anything", nil, ""},
	}
	for _, tt := range tests {
		if got := Closest(tt.word, tt.candidates); got != tt.want {
			t.Errorf("Closest(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	if got, want := DidYouMean("lefft", []string{"left", "inner"}), "did you mean left?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := DidYouMean("outer", []string{"left", "full"}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"abc", "abc", 0}, {"abc", "ab", 1}, {"abc", "acb", 1}, {"abcd", "badc", 2}, {"kitten", "sitting", 3},
	}
	for _, tt := range tests {
		if got := distance([]rune(tt.a), []rune(tt.b), 10); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
