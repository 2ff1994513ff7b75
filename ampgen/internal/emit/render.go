package emit

import (
	"bytes"
	"fmt"
	"go/format"
	"strings"

	"github.com/dave/jennifer/jen"
)

// render prints a file as gofmt would, with the imports of the standard library in a group of their own.
func render(f *jen.File) ([]byte, error) {
	f.NoFormat = true
	var b bytes.Buffer
	if err := f.Render(&b); err != nil {
		return nil, err
	}
	data, err := format.Source(groupImports(b.Bytes()))
	if err != nil {
		return nil, fmt.Errorf("%w in:\n%s", err, b.Bytes())
	}
	return data, nil
}

// groupImports splits jennifer's one block of sorted imports in two: a path whose first element has a dot is not of the
// standard library. Packages of the module that is generated into follow the rest.
func groupImports(src []byte) []byte {
	const open, closing = "\nimport (\n", ")\n"
	start := bytes.Index(src, []byte(open))
	if start < 0 {
		return src
	}
	start += len(open)
	end := start + bytes.Index(src[start:], []byte(closing))
	var std, other []string
	for line := range strings.Lines(string(src[start:end])) {
		path := line[strings.IndexByte(line, '"')+1:]
		first, _, _ := strings.Cut(strings.TrimRight(path, "\"\n"), "/")
		if strings.Contains(first, ".") {
			other = append(other, line)
		} else {
			std = append(std, line)
		}
	}
	if len(std) == 0 || len(other) == 0 {
		return src
	}
	block := strings.Join(std, "") + "\n" + strings.Join(other, "")
	return bytes.Join([][]byte{src[:start], []byte(block), src[end:]}, nil)
}
