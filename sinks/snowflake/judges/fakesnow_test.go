package judges

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// fakesnow is a running fakesnow, behind a proxy that works around what it gets wrong, so that the sink can run on it unchanged.
type fakesnow struct {
	url      string // of fakesnow itself
	proxy    *httptest.Server
	logins   []login
	folders  map[string]string // fakesnow's folders for stages, by the stages' quoted names; known after the first PUT
	requests sync.Mutex
}

// login is what a client sent to log in.
type login struct {
	Name          string `json:"LOGIN_NAME"`
	Account       string `json:"ACCOUNT_NAME"`
	Authenticator string `json:"AUTHENTICATOR"`
	Token         string `json:"TOKEN"`
	Password      string `json:"PASSWORD"`
}

// python is the interpreter of the environment that .ci/fakesnow makes. Without it the tests are skipped; CI makes it first.
func python(t *testing.T) string {
	t.Helper()
	venv, err := filepath.Abs("../../../build/fakesnow")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(venv, "packages")); err != nil { // written when all is installed
		t.Skip("fakesnow and pyarrow are not installed: run .ci/fakesnow, which needs python3 and the Python package index")
	}
	return filepath.Join(venv, "bin", "python")
}

// startFakesnow starts a fakesnow of the test's own.
func startFakesnow(t *testing.T) *fakesnow {
	t.Helper()
	cmd := exec.Command(python(t), "-m", "fakesnow", "-s")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	running := regexp.MustCompile(`running on (http://\S+)`)
	var said bytes.Buffer
	lines := bufio.NewScanner(io.TeeReader(stderr, &said))
	f := &fakesnow{folders: map[string]string{}}
	for f.url == "" && lines.Scan() {
		if m := running.FindStringSubmatch(lines.Text()); m != nil {
			f.url = m[1]
		}
	}
	if f.url == "" {
		t.Fatalf("fakesnow did not start:\n%s", said.String())
	}
	go io.Copy(io.Discard, stderr) // until it is killed, so that it never waits for a reader
	f.proxy = httptest.NewServer(f)
	t.Cleanup(f.proxy.Close)
	return f
}

func (f *fakesnow) lastLogin() login {
	f.requests.Lock()
	defer f.requests.Unlock()
	return f.logins[len(f.logins)-1]
}

// ServeHTTP forwards a request, with the statement and its answer as the workarounds make them.
func (f *fakesnow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.requests.Lock()
	defer f.requests.Unlock()
	var request map[string]any
	sql := ""
	switch r.URL.Path {
	case "/session/v1/login-request":
		var l struct{ Data login }
		if err := json.Unmarshal(body, &l); err == nil {
			f.logins = append(f.logins, l.Data)
		}
	case "/queries/v1/query-request":
		if err := json.Unmarshal(body, &request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		sql, _ = request["sqlText"].(string)
		if answer := f.instead(sql); answer != nil {
			reply(w, http.StatusOK, answer)
			return
		}
		request["sqlText"] = f.before(writeNulls(request))
		body, _ = json.Marshal(request)
	}
	forward, err := http.NewRequestWithContext(r.Context(), r.Method, f.url+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	forward.Header = r.Header.Clone()
	forward.Header.Del("Accept-Encoding")
	response, err := http.DefaultClient.Do(forward)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		// Not JSON: what fakesnow does where it has a defect or lacks something. A 500 would be retried, so it is made a refusal.
		reply(w, http.StatusOK, failure("009998", fmt.Sprintf("fakesnow answered %s to %s", response.Status, sql)))
		return
	}
	if response.StatusCode == http.StatusInternalServerError {
		reply(w, http.StatusOK, failure("009998", fmt.Sprint("fakesnow failed: ", answer["message"])))
		return
	}
	f.after(sql, answer)
	reply(w, response.StatusCode, answer)
}

func reply(w http.ResponseWriter, status int, answer map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

func failure(code, message string) map[string]any {
	return map[string]any{"success": false, "code": code, "message": message, "data": map[string]any{"sqlState": "99999"}}
}

func success(columns []string, rows [][]any) map[string]any {
	types := make([]map[string]any, len(columns))
	for i, c := range columns {
		types[i] = map[string]any{"name": c, "type": "text", "nullable": true, "length": 1 << 24, "byteLength": 1 << 24}
	}
	if rows == nil {
		rows = [][]any{}
	}
	return map[string]any{"success": true, "code": nil, "data": map[string]any{"queryId": "proxy", "sqlState": "00000", "queryResultFormat": "json",
		"rowtype": types, "rowset": rows, "total": len(rows), "returned": len(rows)}}
}

// What fakesnow 0.11.14 gets wrong, and what the proxy does about it:
//
//   - A stage is one folder: PUT, COPY, LIST and REMOVE know no path in it, and PUT no quoted target. The path is taken out of a PUT
//     and put into the folder that it answers; COPY reads the folder by its URL; LIST and REMOVE are answered here, from the folder.
//   - PUT's answer says that the client shall compress and not overwrite, whatever the statement says. The answer is corrected.
//   - BEGIN is answered by an error, though the transaction is open then. The error is made a success.
//   - CREATE STAGE IF NOT EXISTS of a stage that exists is an error. It is made a success.
//   - NUMBER(38,0) is BIGINT, of 19 digits. It is written as INT128, which holds 38.
//   - BINARY(n) and the precision of a timestamp are refused. They are left out, and TIMESTAMP_LTZ has microseconds then.
//   - A null timestamp is answered as 1970, and lists, structs and maps of a file are not found. Tests ask for timestamps as text, and leave
//     nested columns to pyarrow.
//   - A null among the values of a statement makes it fail. It is written into the statement.
//   - INFORMATION_SCHEMA has no SCHEMATA, no STAGES and no DATETIME_PRECISION of a column. What they would say is written into the statement.
var (
	stagePath  = `@("[^"']*"(?:\."[^"']*")*)/([^'\s]*)`
	putTarget  = regexp.MustCompile(`^(PUT '[^']*') '` + stagePath + `'.*`)
	copySource = regexp.MustCompile(` FROM '?` + stagePath + `'? FILES`)
	listing    = regexp.MustCompile(`^(LIST|REMOVE) '?` + stagePath + `'?`)
	widest     = regexp.MustCompile(`NUMBER\(38, ?0\)`)
	schemata   = regexp.MustCompile(`"(\w+)"\.INFORMATION_SCHEMA\.SCHEMATA`)
	stages     = regexp.MustCompile(`"(\w+)"\.INFORMATION_SCHEMA\.STAGES`)
	sized      = regexp.MustCompile(`(BINARY|TIMESTAMP_\w+|TIME)\(\d+\)`)
)

func (f *fakesnow) instead(sql string) map[string]any {
	m := listing.FindStringSubmatch(sql)
	if m == nil {
		return nil
	}
	var rows [][]any
	if stage := f.folders[m[2]]; stage != "" {
		filepath.WalkDir(filepath.Join(stage, m[3]), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil
			}
			name, _ := filepath.Rel(stage, path)
			name = "amp_stage/" + name
			info, err := d.Info()
			if err != nil {
				return nil
			}
			if m[1] == "REMOVE" {
				os.Remove(path)
				rows = append(rows, []any{name, "removed"})
			} else {
				rows = append(rows, []any{name, fmt.Sprint(info.Size()), "", info.ModTime().UTC().Format(http.TimeFormat)})
			}
			return nil
		})
	}
	if m[1] == "REMOVE" {
		return success([]string{"name", "result"}, rows)
	}
	return success([]string{"name", "size", "md5", "last_modified"}, rows)
}

// writeNulls is the request's statement with the nulls among its values written into it.
func writeNulls(request map[string]any) string {
	parts := strings.Split(request["sqlText"].(string), "?")
	bindings, _ := request["bindings"].(map[string]any)
	left := map[string]any{}
	var b strings.Builder
	for i, part := range parts {
		b.WriteString(part)
		if i == len(parts)-1 {
			break
		}
		bound, _ := bindings[fmt.Sprint(i+1)].(map[string]any)
		if bound != nil && bound["value"] == nil {
			b.WriteString("NULL")
			continue
		}
		b.WriteString("?")
		left[fmt.Sprint(len(left)+1)] = bound
	}
	if len(bindings) > 0 {
		request["bindings"] = left
	}
	return b.String()
}

func (f *fakesnow) before(sql string) string {
	sql = putTarget.ReplaceAllString(sql, "$1 @$2")
	sql = copySource.ReplaceAllStringFunc(sql, func(source string) string {
		m := copySource.FindStringSubmatch(source)
		return " FROM 'file://" + filepath.Join(f.folders[m[1]], m[2]) + "/' FILES"
	})
	if strings.Contains(sql, "CREATE TABLE ") {
		sql = sized.ReplaceAllString(widest.ReplaceAllString(sql, "INT128"), "$1")
	}
	sql = schemata.ReplaceAllString(sql, `(SELECT schema_name AS "SCHEMA_NAME" FROM duckdb_schemas() WHERE database_name = '$1') AS schemata`)
	sql = stages.ReplaceAllString(sql, `(SELECT name AS "STAGE_NAME", schema_name AS "STAGE_SCHEMA" FROM _fs_global._fs_information_schema._fs_stages `+
		`WHERE database_name = '$1') AS stages`)
	sql = strings.ReplaceAll(sql, `"DATETIME_PRECISION"`, `CASE WHEN "DATA_TYPE" LIKE 'TIME%' THEN 9 END AS "DATETIME_PRECISION"`)
	return sql
}

func (f *fakesnow) after(sql string, answer map[string]any) {
	data, _ := answer["data"].(map[string]any)
	switch m := putTarget.FindStringSubmatch(sql); {
	case m != nil && data["stageInfo"] != nil:
		stage := data["stageInfo"].(map[string]any)
		f.folders[m[2]] = stage["location"].(string)
		folder := filepath.Join(f.folders[m[2]], m[3])
		os.MkdirAll(folder, 0o700)
		stage["location"] = folder + "/"
		data["autoCompress"], data["overwrite"] = false, strings.Contains(sql, "OVERWRITE=TRUE")
	case sql == "BEGIN" && answer["code"] == "002003",
		strings.Contains(sql, "CREATE STAGE IF NOT EXISTS") && answer["code"] == "002002":
		for key := range answer {
			delete(answer, key)
		}
		for key, value := range success([]string{"status"}, [][]any{{"Statement executed successfully."}}) {
			answer[key] = value
		}
	}
}
