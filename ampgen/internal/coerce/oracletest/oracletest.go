// Package oracletest reads the answers of the real DataFusion, which the tests of coerce and functions replay.
package oracletest

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// Case is one question and its answer.
type Case struct {
	Name     string   // the operator or function
	Operands []string // each the short name of a column, a SQL literal, or a type

	Announced string // type of the plan as written; empty if DataFusion refuses the expression
	Nullable  bool   // announced nullability, where the file records it
	Actual    string // type of the data; empty if the query cannot run
}

func (c Case) String() string {
	want := c.Announced
	if c.Nullable {
		want += "?"
	}
	return c.Name + "(" + strings.Join(c.Operands, ", ") + "): " + want + " | " + c.Actual
}

// File is a file that oracle.py wrote.
type File struct {
	Types     map[string]string // type of each column by its short name
	Functions []string          // "name kind" of the functions that the session has, aliases included
	Cases     []Case
}

// Load reads a file of answers.
func Load(t *testing.T, path string) *File {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var raw struct {
		Types     map[string]string
		Functions []string
		Answers   map[string]map[string][]string
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	f := &File{Types: raw.Types, Functions: raw.Functions}
	for name, answers := range raw.Answers {
		for answer, lines := range answers {
			for _, line := range lines {
				f.Cases = append(f.Cases, expand(name, answer, line)...)
			}
		}
	}
	slices.SortFunc(f.Cases, func(a, b Case) int { return strings.Compare(a.String(), b.String()) })
	return f
}

// expand undoes the folding of operands: "a|b; c" is a|b and a|c.
func expand(name, answer, line string) []Case {
	c := Case{Name: name}
	if answer != "error" {
		var differs bool
		c.Announced, c.Actual, differs = strings.Cut(answer, " | ")
		c.Announced, c.Nullable = strings.CutSuffix(c.Announced, "?")
		switch {
		case !differs:
			c.Actual = c.Announced
		case c.Actual == "error":
			c.Actual = ""
		}
	}
	first, last := "", line
	if cut := strings.LastIndexByte(line, '|'); cut >= 0 {
		first, last = line[:cut], line[cut+1:]
	}
	var cases []Case
	for _, operand := range strings.Split(last, "; ") {
		c := c
		if first != "" {
			c.Operands = strings.Split(first, "|")
		}
		if operand != "" { // a call without arguments shares the line of those with one
			c.Operands = append(slices.Clip(c.Operands), operand)
		}
		cases = append(cases, c)
	}
	return cases
}
