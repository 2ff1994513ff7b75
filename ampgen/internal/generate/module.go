package generate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// importPath is the Go import path of the folder out in dir: the module that contains it and the way down from there.
func importPath(dir, out string) (string, error) {
	target, err := filepath.Abs(inDir(dir, out))
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", out, err)
	}
	for root := target; ; root = filepath.Dir(root) {
		data, err := os.ReadFile(filepath.Join(root, "go.mod"))
		if errors.Is(err, fs.ErrNotExist) {
			if root == filepath.Dir(root) {
				return "", fmt.Errorf("no go.mod at or above %s: generated code is part of a module; run \"go mod init\" first", target)
			}
			continue
		}
		if err != nil {
			return "", fmt.Errorf("read the module file: %w", err)
		}
		module := modulePath(string(data))
		if module == "" {
			return "", fmt.Errorf("%s has no module line", filepath.Join(root, "go.mod"))
		}
		rel, err := filepath.Rel(root, target)
		if err != nil {
			return "", fmt.Errorf("resolve %s: %w", out, err)
		}
		return path.Join(module, filepath.ToSlash(rel)), nil
	}
}

// modulePath finds the module line of a go.mod file.
func modulePath(text string) string {
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "module")
		if !ok || rest == "" || (rest[0] != ' ' && rest[0] != '\t' && rest[0] != '"') {
			continue
		}
		rest, _, _ = strings.Cut(rest, "//")
		return strings.Trim(strings.TrimSpace(rest), "\"`")
	}
	return ""
}
