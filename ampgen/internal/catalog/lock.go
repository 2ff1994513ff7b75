package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// LockVersion is the version of the lock file's form.
const LockVersion = 1

// Lock is what a server announced for a query: the content of <query>.lock.json beside the query's file.
type Lock struct {
	Query     string        // the query's name
	SQLSHA256 string        // HashSQL of the statement that was described
	Fields    []arrow.Field // the schema that the server announced
}

type jsonLock struct {
	Version   int             `json:"version"`
	Query     string          `json:"query"`
	SQLSHA256 string          `json:"sql_sha256"`
	Fields    json.RawMessage `json:"fields"`
}

// LockName is the file name of the lock of the query called name.
func LockName(name string) string { return name + ".lock.json" }

// HashSQL is the SHA-256 of a statement's text in hex; a lock with another hash is stale.
func HashSQL(sql string) string {
	sum := sha256.Sum256([]byte(sql))
	return hex.EncodeToString(sum[:])
}

// Marshal encodes l as indented JSON with a final newline; equal locks give equal bytes.
func (l *Lock) Marshal() ([]byte, error) {
	fields, err := MarshalFields(l.Fields)
	if err != nil {
		return nil, fmt.Errorf("lock of query %s: %w", l.Query, err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(jsonLock{Version: LockVersion, Query: l.Query, SQLSHA256: l.SQLSHA256, Fields: fields}); err != nil {
		return nil, fmt.Errorf("lock of query %s: %w", l.Query, err)
	}
	return out.Bytes(), nil
}

// ParseLock decodes what Marshal encodes. Unknown keys and other versions are errors.
func ParseLock(data []byte) (*Lock, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var in jsonLock
	if err := dec.Decode(&in); err != nil {
		return nil, err
	}
	if in.Version != LockVersion {
		return nil, fmt.Errorf("its version is %d, this program reads %d", in.Version, LockVersion)
	}
	fields, err := UnmarshalFields(in.Fields)
	if err != nil {
		return nil, err
	}
	return &Lock{Query: in.Query, SQLSHA256: in.SQLSHA256, Fields: fields}, nil
}
