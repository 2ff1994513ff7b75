// Package catalog knows the tables that queries read: dataset reference → table → Arrow schema.
//
// Built in are the raw tables of Amp's EVM and Solana extractors; derived and static datasets come from their manifests.
// A Catalog is built once, from the datasets section of ampgen.yaml, and is read-only afterwards. Datasets that the file does
// not map are recognised by a naming convention (see Conventional). The package also reads and writes the lock files that
// hold what a server announced for a query.
package catalog

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
)

// Kind says where a dataset's rows come from, in the words of Amp's manifests.
type Kind string

// The kinds.
const (
	EVMRPC   Kind = "evm-rpc"
	Firehose Kind = "firehose"
	Solana   Kind = "solana"
	Derived  Kind = "manifest" // computed by SQL, tables have _block_num
	Static   Kind = "static"   // CSV files, tables have no _block_num
)

// Dataset is one dataset of the catalog. It is read-only.
type Dataset struct {
	Kind    Kind
	Network string // the network id; empty when only the server knows it
	Chain   string // datasets with equal Chain are of one network: Network, or what the naming convention tells
	Tables  []*Table
	// Functions are the functions that are called as dataset.name(…), besides eth_call, which evm-rpc datasets have.
	Functions []*Function
	// Broken is a dataset whose entry or manifest has a reported fault: what it holds is not known.
	Broken bool
}

// Table is a table of a dataset.
type Table struct {
	Name   string
	Schema *arrow.Schema
	// Logical gives a column's meaning where the Arrow type does not tell it: "uint256" is a Utf8 column of decimal text.
	Logical map[string]string
}

// Function is a JavaScript function of a derived dataset. Its result is nullable.
type Function struct {
	Name   string
	Inputs []arrow.DataType
	Output arrow.DataType
}

// Table returns the table called name, or nil.
func (d *Dataset) Table(name string) *Table {
	i := slices.IndexFunc(d.Tables, func(t *Table) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return d.Tables[i]
}

// Function returns the function called name, or nil.
func (d *Dataset) Function(name string) *Function {
	i := slices.IndexFunc(d.Functions, func(f *Function) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return d.Functions[i]
}

// Streamable reports whether this server version can follow the dataset: it needs a table called blocks, which Solana and
// static datasets do not have. Derived datasets are followed through the raw ones below them.
func (d *Dataset) Streamable() bool {
	return d.Kind == EVMRPC || d.Kind == Firehose || d.Kind == Derived
}

// HasEthCall reports whether dataset.eth_call(…) exists.
func (d *Dataset) HasEthCall() bool { return d.Kind == EVMRPC }

// Entry is one dataset of ampgen.yaml. Kind or Manifest is set; both may be, if they agree.
type Entry struct {
	Kind     Kind
	Network  string
	Manifest string      // path of a manifest, relative to the project
	At       source.Span // the entry's place, for diagnostics; may be zero
	File     string      // names the file when At is zero
}

// Catalog resolves dataset references. It is safe for concurrent use.
type Catalog struct {
	datasets map[Ref]*Dataset
}

// New builds a catalog from the entries, keyed by the reference as it is written in ampgen.yaml. Manifests are read from
// root. Faults go to diags, and the dataset is Broken.
func New(entries map[string]Entry, root string, diags *diag.List) *Catalog {
	c := &Catalog{datasets: map[Ref]*Dataset{}}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		entry := entries[key]
		fault := func(help, format string, args ...any) {
			diags.Add(diag.Diagnostic{Code: diag.Config, Span: entry.At, File: entry.File, Message: fmt.Sprintf(format, args...), Help: help})
		}
		ref, err := ParseRef(key)
		if err != nil {
			fault("", "dataset %q: %v", key, err)
			continue
		}
		c.datasets[ref] = &Dataset{Broken: true}
		if entry.Manifest != "" {
			if d := readManifest(entry, root, diags); d != nil {
				c.datasets[ref] = d
			}
			continue
		}
		tables := builtin(entry.Kind)
		if tables == nil {
			if entry.Kind == "" {
				fault("add \"kind: evm-rpc\" (or firehose, solana), or \"manifest: path.json\"", "dataset %q has neither kind nor manifest", key)
			} else {
				fault("write kind: evm-rpc, firehose or solana, or name a manifest", "dataset %q has unknown kind %q", key, entry.Kind)
			}
			continue
		}
		c.datasets[ref] = &Dataset{Kind: entry.Kind, Network: entry.Network, Chain: entry.Network, Tables: tables}
	}
	return c
}

// Dataset finds the dataset that ref names: an entry with the same revision, else one without revision, each with the
// namespace first and then without; else what the naming convention says; else nil.
func (c *Catalog) Dataset(ref Ref) *Dataset {
	for _, key := range []Ref{
		ref,
		{Name: ref.Name, Revision: ref.Revision},
		{Namespace: ref.Namespace, Name: ref.Name},
		{Name: ref.Name},
	} {
		if d := c.datasets[key]; d != nil {
			return d
		}
	}
	return Conventional(ref.Name)
}

// Names lists the datasets that ampgen.yaml maps without a fault, sorted, for suggestions.
func (c *Catalog) Names() []string {
	var out []string
	for ref, d := range c.datasets {
		if !d.Broken {
			out = append(out, ref.String())
		}
	}
	slices.Sort(out)
	return out
}

// Conventional is the dataset that an unmapped name stands for: names that end in "_rpc" are evm-rpc datasets, names that end
// in "_firehose" are firehose datasets, and names that begin with "solana" are Solana datasets. What comes before the ending
// tells datasets of one network: eth_rpc and eth_firehose are. It is nil for other names.
func Conventional(name string) *Dataset {
	if chain, ok := strings.CutSuffix(name, "_rpc"); ok {
		return &Dataset{Kind: EVMRPC, Chain: chain, Tables: builtin(EVMRPC)}
	}
	if chain, ok := strings.CutSuffix(name, "_firehose"); ok {
		return &Dataset{Kind: Firehose, Chain: chain, Tables: builtin(Firehose)}
	}
	if strings.HasPrefix(name, "solana") {
		return &Dataset{Kind: Solana, Chain: name, Tables: builtin(Solana)}
	}
	return nil
}

// readManifest loads the entry's manifest.
func readManifest(entry Entry, root string, diags *diag.List) *Dataset {
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(entry.Manifest)))
	if err != nil {
		diags.Add(diag.Diagnostic{Code: diag.Manifest, Span: entry.At, File: entry.Manifest, Message: fmt.Sprintf("cannot read the manifest %s: %v", entry.Manifest, pathCause(err))})
		return nil
	}
	d, err := ParseManifest(data)
	if err == nil && entry.Kind != "" && entry.Kind != d.Kind {
		err = fmt.Errorf("its kind is %q, not %q as mapped", d.Kind, entry.Kind)
	}
	if err != nil {
		diags.Add(diag.Diagnostic{Code: diag.Manifest, File: entry.Manifest, Message: fmt.Sprintf("bad manifest: %v", err)})
		return nil
	}
	if entry.Network != "" {
		d.Network, d.Chain = entry.Network, entry.Network
	}
	return d
}
