package label

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
)

type keyCell struct {
	text string
	span source.Span
}

// checkKeys reports rows without a key, and keys that occur again.
func checkKeys(key Column, cells []keyCell, allowDuplicates bool, diags *diag.List) {
	first := make(map[string]source.Span, len(cells))
	for _, cell := range cells {
		if cell.text == "" && key.Type.ID() != arrow.STRING {
			diags.Add(diag.Diagnostic{Code: diag.LabelKey, Span: cell.span, Message: fmt.Sprintf("the key column %q is empty in this row", key.Name),
				Help: "give the row a key, or remove it"})
			continue
		}
		value := normal(cell.text, key.Type)
		before, again := first[value]
		if !again {
			first[value] = cell.span
		} else if !allowDuplicates {
			diags.Add(diag.Diagnostic{Code: diag.LabelDuplicate, Span: cell.span,
				Message: fmt.Sprintf("key %q is on line %d and on line %d", cell.text, before.Position().Line, cell.span.Position().Line),
				Help:    "remove one of the lines, or choose with dup=first, dup=last or dup=fanout in the @label annotation"})
		}
	}
}

// normal is one text for all cells that are the same value of t.
func normal(cell string, t arrow.DataType) string {
	switch t.(type) {
	case *arrow.BooleanType:
		return strings.ToLower(cell)
	case *arrow.FixedSizeBinaryType:
		if raw, err := hex.DecodeString(hexDigits(cell)); err == nil {
			return string(raw)
		}
	case *arrow.TimestampType:
		var at time.Time
		if at.UnmarshalText([]byte(cell)) == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
	case arrow.DecimalType:
		if whole, fraction, point := strings.Cut(cell, "."); point {
			if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
				return whole
			}
			return whole + "." + fraction
		}
	}
	return cell
}
