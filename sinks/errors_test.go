package sinks_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/sinks/duckdb"
	"github.com/ampgen/ampgen/sinks/postgres"
	"github.com/ampgen/ampgen/sinks/snowflake"
)

// TestErrorsAreDocumented compares the tables in docs/errors.md with the code's own.
func TestErrorsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, rules := range map[string][]runtime.Rule{
		"## The Amp server": amp.Rules(), "## PostgreSQL": postgres.Rules(), "## DuckDB": duckdb.Rules(),
		"## Snowflake": snowflake.Rules(),
	} {
		_, section, _ := strings.Cut(string(text), heading+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if want := table(rules); !strings.Contains(section, want) {
			t.Errorf("the section %q should have this table:\n%s", heading, want)
		}
	}
}

// table writes rules in Markdown.
func table(rules []runtime.Rule) string {
	var b strings.Builder
	b.WriteString("| code | what it means | class | what you can do |\n|---|---|---|---|\n")
	for _, r := range rules {
		class := r.Class.String()
		if r.Overload {
			class += ", overload"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Code, r.Means, class, r.Help)
	}
	return b.String()
}
