// Package source holds the text of input files and translates byte offsets into the positions that people read.
package source

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"unicode/utf8"
)

// File is one input file: its name as it is shown to the user and its bytes exactly as read.
type File struct {
	Name  string
	Text  string
	lines []int // byte offset of the first byte of each line
}

// New returns a File over text. Lines end at '\n'; a '\r' before it belongs to the line.
func New(name, text string) *File {
	f := &File{Name: name, Text: text, lines: []int{0}}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// ErrNotUTF8 reports a file that is not UTF-8; Read returns the file beside it, and Offset is the first bad byte.
type ErrNotUTF8 struct{ Offset int }

func (e *ErrNotUTF8) Error() string { return fmt.Sprintf("byte %d is not UTF-8", e.Offset) }

// Read reads the file at path and names it name. A leading byte order mark is an error like any other stray character,
// since the server would be sent it. When the content is not UTF-8 the error is an *ErrNotUTF8 and the File is valid.
func Read(path, name string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		var pathErr *os.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	f := New(name, string(data))
	for i := 0; i < len(f.Text); {
		r, size := utf8.DecodeRuneInString(f.Text[i:])
		if r == utf8.RuneError && size == 1 {
			return f, &ErrNotUTF8{Offset: i}
		}
		i += size
	}
	return f, nil
}

// Span is a half-open range of byte offsets in a file.
type Span struct {
	File       *File
	Start, End int
}

// Position is a place in a file: line and column count from 1, columns in runes.
type Position struct {
	File         string
	Line, Column int
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Span returns the span of the bytes [start, end) of f.
func (f *File) Span(start, end int) Span { return Span{File: f, Start: start, End: end} }

// Position translates a byte offset; an offset past the end is the end.
func (f *File) Position(offset int) Position {
	offset = min(max(offset, 0), len(f.Text))
	line := sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > offset })
	start := f.lines[line-1]
	return Position{File: f.Name, Line: line, Column: utf8.RuneCountInString(f.Text[start:offset]) + 1}
}

// Valid reports whether s points into a file.
func (s Span) Valid() bool { return s.File != nil }

// Position is where the span starts. The zero Span has the zero Position.
func (s Span) Position() Position {
	if s.File == nil {
		return Position{}
	}
	return s.File.Position(s.Start)
}

// Text is the source text of the span.
func (s Span) Text() string {
	if s.File == nil {
		return ""
	}
	return s.File.Text[s.Start:s.End]
}

// To is the smallest span that covers s and t; both must be of one file.
func (s Span) To(t Span) Span {
	return Span{File: s.File, Start: min(s.Start, t.Start), End: max(s.End, t.End)}
}
