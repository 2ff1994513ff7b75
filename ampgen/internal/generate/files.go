package generate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/output"
	"github.com/ampgen/ampgen/ampgen/internal/source"
)

// queryFiles lists the .sql files under paths, relative to dir, slash-separated, sorted and each once. Folders are walked.
func queryFiles(dir string, paths []string) ([]string, error) {
	var files []string
	for _, p := range paths {
		full := inDir(dir, p)
		info, err := os.Stat(full)
		if err != nil {
			return nil, fmt.Errorf("query path %q: %w", p, cause(err))
		}
		if !info.IsDir() {
			files = append(files, name(dir, full))
			continue
		}
		err = filepath.WalkDir(full, func(f string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			hidden := strings.HasPrefix(d.Name(), ".") && f != full
			if d.IsDir() && (hidden || d.Name() == "testdata" || d.Name() == "vendor" || isOutput(f)) {
				return filepath.SkipDir
			}
			if !d.IsDir() && !hidden && strings.HasSuffix(f, ".sql") {
				files = append(files, name(dir, f))
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("query path %q: %w", p, cause(err))
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// isOutput reports whether a folder is one that ampgen writes: the .sql files in it are tables, not queries.
func isOutput(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, output.ManifestName))
	return err == nil
}

// name is how a file is shown: relative to dir where that is shorter, with slashes.
func name(dir, full string) string {
	if rel, err := filepath.Rel(dir, full); err == nil && !strings.HasPrefix(rel, "..") {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(full)
}

func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// read reads one input file; faults of the file are diagnostics and give nil. That it cannot be read is reported at the place
// that names it, if there is one.
func read(dir, fileName string, named source.Span, diags *diag.List) *source.File {
	file, err := source.Read(inDir(dir, fileName), fileName)
	var notUTF8 *source.ErrNotUTF8
	switch {
	case errors.As(err, &notUTF8):
		encoding := "LATIN1"
		if strings.HasPrefix(file.Text, "\xff\xfe") || strings.HasPrefix(file.Text, "\xfe\xff") {
			encoding = "UTF-16" // its byte order mark
		}
		diags.Add(diag.Diagnostic{Code: diag.NotUTF8, Span: file.Span(notUTF8.Offset, notUTF8.Offset),
			Message: fmt.Sprintf("the file is not UTF-8: byte 0x%02x", file.Text[notUTF8.Offset]),
			Help:    "save it as UTF-8: iconv -f " + encoding + " -t UTF-8 " + fileName})
		return nil
	case err != nil:
		diags.Add(diag.Diagnostic{Code: diag.Unreadable, Span: named, File: fileName,
			Message: fileName + " cannot be read: " + cause(errors.Unwrap(err)).Error()})
		return nil
	}
	return file
}

// inDir is the path of a file that is named relative to dir.
func inDir(dir, name string) string {
	full := filepath.FromSlash(name)
	if filepath.IsAbs(full) {
		return full
	}
	return filepath.Join(dir, full)
}
