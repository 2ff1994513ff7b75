package sinks_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/duckdb"
	"github.com/ampgen/ampgen/sinks/postgres"
	"github.com/ampgen/ampgen/sinks/snowflake"
)

// TestDocumentedFlags looks up every flag of a sink that the documents name.
func TestDocumentedFlags(t *testing.T) {
	flags := pflag.NewFlagSet("loader", pflag.ContinueOnError)
	for _, d := range []runtime.Driver{postgres.NewDriver(nil), duckdb.NewDriver(), snowflake.NewDriver("")} {
		d.Flags(flags)
	}
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil || len(documents) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	named := regexp.MustCompile(`--((postgres|duckdb|snowflake)-[a-z-]*[a-z])`)
	for _, name := range append(documents, "../README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			if flags.Lookup(m[1]) == nil {
				t.Errorf("%s names the flag --%s, which no sink has", name, m[1])
			}
		}
	}
}
