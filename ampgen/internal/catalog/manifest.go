package catalog

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

type jsonManifest struct {
	Kind      Kind                    `json:"kind"`
	Network   string                  `json:"network"`
	Tables    map[string]jsonTable    `json:"tables"`
	Functions map[string]jsonFunction `json:"functions"`
}

type jsonTable struct {
	Network string          `json:"network"`
	Schema  json.RawMessage `json:"schema"`
}

type jsonFunction struct {
	InputTypes []json.RawMessage `json:"inputTypes"`
	OutputType json.RawMessage   `json:"outputType"`
}

// ParseManifest reads an Amp dataset manifest. The tables of a raw manifest (evm-rpc, firehose, solana) are the built-in
// ones: the server ignores the schemas written there, and stored manifests are known to be stale. Derived tables get
// _block_num in front, as the server gives them; static tables have none.
func ParseManifest(data []byte) (*Dataset, error) {
	var m jsonManifest
	var wrong *json.UnmarshalTypeError
	switch err := json.Unmarshal(data, &m); {
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("%s cannot be a JSON %s", cmp.Or(wrong.Field, "a manifest"), wrong.Value)
	case err != nil:
		return nil, err
	}
	d := &Dataset{Kind: m.Kind, Network: m.Network}
	switch m.Kind {
	case EVMRPC, Firehose, Solana:
		d.Tables, d.Chain = builtin(m.Kind), d.Network
		return d, nil
	case Derived, Static:
	case "":
		return nil, errors.New(`"kind" is missing`)
	default:
		return nil, fmt.Errorf("unknown kind %q", m.Kind)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Tables)) {
		t, err := manifestTable(name, m.Tables[name], m.Kind == Derived)
		if err != nil {
			return nil, fmt.Errorf("table %q: %w", name, err)
		}
		d.Tables = append(d.Tables, t)
		if network := m.Tables[name].Network; network != "" && m.Kind == Derived {
			if d.Network != "" && d.Network != network {
				return nil, fmt.Errorf("its tables are of several networks: %s and %s", d.Network, network)
			}
			d.Network = network
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Functions)) {
		f, err := manifestFunction(name, m.Functions[name])
		if err != nil {
			return nil, fmt.Errorf("function %q: %w", name, err)
		}
		d.Functions = append(d.Functions, f)
	}
	d.Chain = d.Network
	return d, nil
}

func manifestTable(name string, in jsonTable, derived bool) (*Table, error) {
	if len(in.Schema) == 0 {
		return nil, errors.New(`"schema" is missing`)
	}
	var schema struct {
		Arrow struct {
			Fields json.RawMessage `json:"fields"`
		} `json:"arrow"`
	}
	if err := json.Unmarshal(in.Schema, &schema); err != nil {
		return nil, err
	}
	if len(schema.Arrow.Fields) == 0 {
		return nil, errors.New(`"schema" has no arrow.fields`)
	}
	fields, err := UnmarshalFields(schema.Arrow.Fields)
	if err != nil {
		return nil, err
	}
	if derived && !slices.ContainsFunc(fields, func(f arrow.Field) bool { return f.Name == "_block_num" }) {
		fields = slices.Insert(fields, 0, req("_block_num", u64))
	}
	return &Table{Name: name, Schema: arrow.NewSchema(fields, nil)}, nil
}

func manifestFunction(name string, in jsonFunction) (*Function, error) {
	f := &Function{Name: name, Inputs: make([]arrow.DataType, len(in.InputTypes))}
	var err error
	for i, raw := range in.InputTypes {
		if f.Inputs[i], err = UnmarshalType(raw); err != nil {
			return nil, fmt.Errorf("input %d: %w", i+1, err)
		}
	}
	if f.Output, err = UnmarshalType(in.OutputType); err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	return f, nil
}
