package snowtest

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// loadHistory is a table's load metadata: which files it has, by stage and path.
type loadHistory struct {
	sync.Mutex
	first time.Time // when the table was first loaded
	files map[string]loadedFile
}

type loadedFile struct {
	sum string
	at  time.Time
}

// uncertainAfter is how long load metadata is kept.
const uncertainAfter = 64 * 24 * time.Hour

func (h *loadHistory) add(files map[string]loadedFile) {
	h.Lock()
	defer h.Unlock()
	if h.files == nil {
		h.files = map[string]loadedFile{}
	}
	maps.Copy(h.files, files)
	for _, f := range files {
		if h.first.IsZero() || f.at.Before(h.first) {
			h.first = f.at
		}
	}
}

// has reports whether a file need not be loaded: it was, with this content, or it is so old that nobody knows.
func (h *loadHistory) has(name string, f staged, now time.Time) bool {
	h.Lock()
	defer h.Unlock()
	if l, ok := h.files[name]; ok && now.Sub(l.at) < uncertainAfter {
		return l.sum == f.sum
	}
	return !h.first.IsZero() && now.Sub(h.first) >= uncertainAfter && now.Sub(f.modified) >= uncertainAfter
}

// copyColumns are the columns of COPY's result, one row for each file.
var copyColumns = []resultColumn{
	{name: "file", t: varchar}, {name: "status", t: varchar}, {name: "rows_parsed", t: count}, {name: "rows_loaded", t: count},
	{name: "error_limit", t: count}, {name: "errors_seen", t: count}, {name: "first_error", t: varchar, nullable: true},
	{name: "first_error_line", t: count, nullable: true}, {name: "first_error_character", t: count, nullable: true},
	{name: "first_error_column_name", t: varchar, nullable: true},
}

// copyOptions refuses what this server cannot do, and what Snowflake would do with less fidelity: Parquet without the vectorized
// scanner.
func copyOptions(c *sfsql.Copy) error {
	switch {
	case c.Format["TYPE"] != "PARQUET":
		return unsupported("COPY of files of TYPE %s", c.Format["TYPE"])
	case c.Format["USE_VECTORIZED_SCANNER"] != "TRUE":
		return unsupported("COPY without USE_VECTORIZED_SCANNER=TRUE")
	case c.Options["MATCH_BY_COLUMN_NAME"] != "CASE_INSENSITIVE":
		return unsupported("COPY without MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE")
	case c.Options["ON_ERROR"] != "" && c.Options["ON_ERROR"] != "ABORT_STATEMENT":
		return unsupported("ON_ERROR=%s", c.Options["ON_ERROR"])
	case c.Options["PURGE"] == "TRUE", c.Options["SIZE_LIMIT"] != "":
		return unsupported("PURGE and SIZE_LIMIT")
	case len(c.Files) > 1000:
		return errorf("001008", "42601", "SQL compilation error: FILES has %d names; it can have 1000", len(c.Files))
	}
	return nil
}

// copy runs COPY INTO a table. All files are loaded or none.
func (s *session) copy(c *sfsql.Copy) (*result, error) {
	if err := copyOptions(c); err != nil {
		return nil, err
	}
	st, err := s.stage(c.From.Stage)
	if err != nil {
		return nil, err
	}
	t, err := s.target(c.Table, nil)
	if err != nil {
		return nil, err
	}
	files, err := st.named(c.From.Path, c.Files)
	if err != nil {
		return nil, err
	}
	out := &result{typeID: typeCopy, columns: copyColumns}
	err = s.inTx(func(x *tx) error {
		loaded := map[string]loadedFile{}
		err := s.server.engine.atomically(func(db *conn) error {
			for _, f := range files {
				name := st.listed(f)
				if c.Options["FORCE"] != "TRUE" && (x.loaded[t.table][name].sum == f.sum || t.table.loaded.has(name, f, s.server.now())) {
					if c.Files != nil {
						out.rows = append(out.rows, copyRow(name, "LOAD_SKIPPED", 0, "File was loaded before."))
					}
					continue
				}
				n, err := x.load(db, s, t, f)
				if err != nil {
					return inFile(err, name)
				}
				loaded[name] = loadedFile{f.sum, s.server.now()}
				out.rows = append(out.rows, copyRow(name, "LOADED", n, ""))
			}
			return nil
		})
		if err == nil {
			if x.loaded[t.table] == nil {
				x.loaded[t.table] = map[string]loadedFile{}
			}
			maps.Copy(x.loaded[t.table], loaded)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(out.rows) == 0 {
		return status(typeCopy, "Copy executed with 0 files processed."), nil
	}
	return out, nil
}

// named are the files that names, after the path, or all below the path without. One that is not there is an error.
func (st *stage) named(path string, names []string) ([]staged, error) {
	if names == nil {
		return st.files(path)
	}
	var out []staged
	for _, n := range names {
		f, err := st.file(path + n)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errorf("091016", "22000", "Remote file '%s' was not found. If you are running a copy command, please make sure files are not deleted when they are being loaded.", st.listed(f))
		}
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func copyRow(file, status string, n int64, firstError string) []*string {
	seen, limit, rows := "0", "1", strconv.FormatInt(n, 10)
	row := []*string{&file, &status, &rows, &rows, &limit, &seen, nil, nil, nil, nil}
	if firstError != "" {
		row[6] = &firstError
	}
	return row
}

func inFile(err error, name string) error {
	e := *asError(err)
	e.Message += "\n  File '" + name + "'"
	return &e
}

// load adds a file's rows to a table. Columns that the file lacks are NULL, whatever their default is.
func (t *tx) load(db *conn, s *session, to *target, f staged) (int64, error) {
	p, err := openParquet(f.path)
	if err != nil {
		return 0, err
	}
	defer p.close()
	cells := make([]string, len(to.columns))
	var wanted []fileColumn
	for i, col := range to.columns {
		v := value{sql: "NULL", nullable: true}
		in, ok, err := p.column(col.name)
		if err != nil {
			return 0, err
		}
		if ok {
			in.id = fmt.Sprintf("f%d", len(wanted))
			wanted = append(wanted, in)
			if v, err = s.loaded(in.value(), col); err != nil {
				return 0, err
			}
		}
		if cells[i], err = assign(v, col.name, col.t, col.notNull); err != nil {
			return 0, err
		}
	}
	if len(wanted) == 0 {
		return 0, errorf(unnumbered, "22000", "none of the file's columns is one of the table")
	}
	rows, err := p.read(wanted)
	if err != nil {
		return 0, err
	}
	drop, err := db.view(fileView, rows)
	if err != nil {
		return 0, err
	}
	defer drop()
	n, err := t.insert(db, to, []piece{{cells, " FROM " + fileView}})
	if rows.err != nil {
		return 0, rows.err
	}
	return n, err
}

// loaded is a file's value in the kind of its column, by the conversions that COPY makes. Those that are not known for certain
// are refused: text as bytes, bytes as text, and lists and groups as anything but VARIANT, ARRAY and OBJECT.
func (s *session) loaded(v value, col column) (value, error) {
	from, to := v.t, col.t
	refused := errorf(unnumbered, "22000", "Failed to cast a Parquet column of type %s to column %s of type %s", from, col.name, to)
	switch {
	case from.Kind == Binary && to.Kind == Varchar, from.Kind == Varchar && to.Kind == Binary:
		return value{}, refused
	case from.isNested() != to.isNested() && from.Kind != Null && to.Kind != Variant:
		return value{}, refused
	case from.isTimestamp() && to.isTimestamp() && from.Kind != to.Kind:
		if err := s.utc("loading " + from.String() + " into column " + col.name + " of type " + to.String()); err != nil {
			return value{}, err
		}
	}
	sql, ok := convert(v, to, true)
	if !ok {
		return value{}, refused
	}
	if from.isNested() && to.Kind != Variant && from.Kind != Variant && from.Kind != to.Kind {
		return value{}, refused
	}
	if to.Kind == Number || to.Kind == Varchar || to.Kind == Binary {
		return value{sql: "(" + sql + ")", t: widestOf(from, to), nullable: true}, nil
	}
	return value{sql: "(" + sql + ")", t: to, nullable: true}, nil
}

// widestOf is the type that a converted value has before it is checked against its column.
func widestOf(from, to Type) Type {
	if from.Kind == to.Kind {
		return from
	}
	return to
}
