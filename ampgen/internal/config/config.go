// Package config reads ampgen.yaml, the optional settings of a project.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// FileName is the name that is looked for in the working directory.
const FileName = "ampgen.yaml"

// Config is the content of ampgen.yaml. The zero Config is what a project without one has.
type Config struct {
	// Queries are files and folders with query files, relative to the working directory.
	Queries []string `yaml:"queries"`
	// Out is the folder of the generated code, relative to the working directory.
	Out string `yaml:"out"`
	// Datasets maps the name of a dataset, as the queries write it, to its catalog.
	Datasets map[string]Dataset `yaml:"datasets"`
	// Initialisms are words that are written in upper case in Go names, besides the built-in ones.
	Initialisms []string `yaml:"initialisms"`
}

// Dataset says which tables a dataset has: built-in ones by Kind, or those of an Amp manifest.
type Dataset struct {
	Kind     string `yaml:"kind"`     // evm-rpc, firehose or solana
	Manifest string `yaml:"manifest"` // path of an Amp dataset manifest (JSON), relative to the working directory
	Network  string `yaml:"network"`  // overrides the manifest's network; tells datasets of different chains apart

	At source.Span `yaml:"-"` // the dataset's name in the file
}

// Read reads the config file in dir. A missing file is the zero Config; every fault is a diagnostic.
func Read(dir string, diags *diag.List) Config {
	file, err := source.Read(filepath.Join(dir, FileName), FileName)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}
	}
	var notUTF8 *source.ErrNotUTF8
	switch {
	case errors.As(err, &notUTF8):
		diags.Errorf(diag.NotUTF8, file.Span(notUTF8.Offset, notUTF8.Offset), "the file is not UTF-8")
		return Config{}
	case err != nil:
		diags.Add(diag.Diagnostic{Code: diag.Unreadable, File: FileName, Message: err.Error()})
		return Config{}
	}
	var c Config
	if err := yaml.UnmarshalWithOptions([]byte(file.Text), &c, yaml.Strict()); err != nil {
		diags.Add(fault(file, err))
		return Config{}
	}
	tree, err := parser.ParseBytes([]byte(file.Text), 0)
	if err != nil {
		diags.Add(fault(file, err))
		return Config{}
	}
	if len(tree.Docs) > 1 {
		diags.Add(diag.Diagnostic{Code: diag.Config, Span: at(file, tree.Docs[1].Start), File: file.Name,
			Message: "the file has a second YAML document, which nothing would read", Help: "delete the line ---"})
		return Config{}
	}
	c.place(file, tree)
	c.checkPaths(file, tree, dir, diags)
	return c
}

// place notes where each dataset is named.
func (c *Config) place(file *source.File, tree *ast.File) {
	datasets, _ := node(tree, "$.datasets").(ast.MapNode)
	if datasets == nil {
		return
	}
	for entries := datasets.MapRange(); entries.Next(); {
		key := entries.Key().GetToken()
		if d, ok := c.Datasets[key.Value]; ok {
			d.At = at(file, key)
			c.Datasets[key.Value] = d
		}
	}
}

// node finds the node at a path of the library's language; nil if there is none.
func node(tree *ast.File, path string) ast.Node {
	p, err := yaml.PathString(path)
	if err != nil {
		return nil
	}
	n, err := p.FilterFile(tree)
	if err != nil {
		return nil // the key is not there
	}
	return n
}

// at is the place of a token.
func at(file *source.File, t *token.Token) source.Span {
	if t == nil {
		return source.Span{}
	}
	// The library counts offsets in runes from 1; lines and columns are exact.
	start := offset(file, t.Position.Line, t.Position.Column)
	return file.Span(start, min(start+len(t.Value), len(file.Text)))
}

// fault places a YAML error at its token.
func fault(file *source.File, err error) diag.Diagnostic {
	d := diag.Diagnostic{Code: diag.Config, File: file.Name, Message: err.Error()}
	var ye yaml.Error
	if errors.As(err, &ye) {
		d.Message = ye.GetMessage()
		d.Span = at(file, ye.GetToken())
	}
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) && unknown.Token != nil {
		keys := []string{"queries", "out", "datasets", "initialisms", "kind", "manifest", "network"}
		d.Message = "unknown key " + quote(unknown.Token.Value)
		d.Note = "the keys are queries, out, datasets (kind, manifest, network) and initialisms"
		if near := suggest.Closest(unknown.Token.Value, keys); near != "" {
			d.Help = "did you mean " + quote(near) + "?"
		}
	}
	return d
}

func quote(s string) string { return `"` + s + `"` }

// offset is the byte offset of a line and column, both from 1, columns in runes.
func offset(file *source.File, line, column int) int {
	at := 0
	for range line - 1 {
		for at < len(file.Text) && file.Text[at] != '\n' {
			at++
		}
		at++
	}
	for range column - 1 {
		if at >= len(file.Text) {
			break
		}
		for at++; at < len(file.Text) && file.Text[at]&0xC0 == 0x80; at++ {
		}
	}
	return min(at, len(file.Text))
}

// checkPaths reports query paths that do not exist. Datasets are checked where the catalog is built.
func (c *Config) checkPaths(file *source.File, tree *ast.File, dir string, diags *diag.List) {
	for i, q := range c.Queries {
		if _, err := os.Stat(filepath.Join(dir, q)); err != nil {
			d := diag.Diagnostic{Code: diag.Config, File: file.Name, Message: "queries: " + quote(q) + " does not exist"}
			if n := node(tree, fmt.Sprintf("$.queries[%d]", i)); n != nil {
				d.Span = at(file, n.GetToken())
			}
			diags.Add(d)
		}
	}
}
