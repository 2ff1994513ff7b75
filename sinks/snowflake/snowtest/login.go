package snowtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// loginRequest is the body of a login.
type loginRequest struct {
	Data struct {
		Account       string         `json:"ACCOUNT_NAME"`
		User          string         `json:"LOGIN_NAME"`
		Password      string         `json:"PASSWORD"`
		Authenticator string         `json:"AUTHENTICATOR"`
		Token         string         `json:"TOKEN"`
		Parameters    map[string]any `json:"SESSION_PARAMETERS"`
	} `json:"data"`
}

func (srv *Server) login(w http.ResponseWriter, r *http.Request) {
	var body loginRequest
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, "not a login request", http.StatusBadRequest)
		return
	}
	srv.mu.Lock()
	fault := srv.match("LOGIN")
	srv.mu.Unlock()
	if fault.meet(w, nil, before, 1) {
		return
	}
	if err := srv.authenticate(&body); err != nil {
		refuse(w, err, "")
		return
	}
	parameters := map[string]string{}
	for name, v := range body.Data.Parameters {
		parameters[strings.ToUpper(name)] = fmt.Sprint(v)
	}
	s := srv.newSession(User)
	if err := s.begins(r.URL.Query(), parameters["CLIENT_VALIDATE_DEFAULT_PARAMETERS"] == "true"); err != nil {
		_ = s.shut() // nothing is open in it
		refuse(w, err, "")
		return
	}
	if err := s.setParameters(parameters); err != nil {
		_ = s.shut() // nothing is open in it
		refuse(w, err, "")
		return
	}
	if fault.meet(w, s, after, 1) {
		return
	}
	list := []map[string]any{}
	for name, v := range s.parameters {
		list = append(list, map[string]any{"name": name, "value": v})
	}
	succeed(w, map[string]any{
		"token": s.token, "masterToken": s.master, "validityInSeconds": tokenSeconds, "masterValidityInSeconds": 4 * tokenSeconds,
		"displayUserName": s.user, "serverVersion": version, "sessionId": s.id, "parameters": list,
		"sessionInfo": map[string]any{"databaseName": s.database, "schemaName": s.schema, "warehouseName": s.warehouse, "roleName": s.role},
	})
}

// begins is where the session begins, by the login's parameters. Names that do not exist are refused if the client asks for that, as
// drivers do unless told otherwise; else the session has none.
func (s *session) begins(q url.Values, strict bool) error {
	c := s.server.catalog
	c.RLock()
	defer c.RUnlock()
	s.database, s.schema, s.warehouse, s.role = strings.ToUpper(q.Get("databaseName")), strings.ToUpper(q.Get("schemaName")),
		strings.ToUpper(q.Get("warehouse")), strings.ToUpper(q.Get("roleName"))
	refused := func(kind, name string) error {
		if !strict {
			return nil
		}
		return errorf("390201", "08004", "The requested %s does not exist or not authorized: %s", kind, name)
	}
	if s.role == "" {
		s.role = Role
	}
	if s.role != Role {
		return errorf("390189", "08001", "Role '%s' specified in the connect string does not exist or not authorized.", s.role)
	}
	if s.warehouse != "" && s.warehouse != Warehouse {
		if err := refused("warehouse", s.warehouse); err != nil {
			return err
		}
		s.warehouse = ""
	}
	d := c.databases[s.database]
	switch {
	case d == nil && s.database != "":
		err := refused("database", s.database)
		s.database, s.schema = "", ""
		return err
	case d == nil:
		s.schema = ""
	case s.schema == "":
		s.schema = Schema
	}
	if d != nil && d.schemas[s.schema] == nil {
		err := refused("schema", s.schema)
		s.schema = ""
		return err
	}
	return nil
}

// authenticate checks who logs in.
func (srv *Server) authenticate(body *loginRequest) error {
	d := &body.Data
	known := strings.EqualFold(d.Account, Account)
	user := strings.EqualFold(d.User, User)
	switch strings.ToUpper(d.Authenticator) {
	case "", "SNOWFLAKE":
		if !known || !user || d.Password != Password {
			return errorf("390100", "08001", "Incorrect username or password was specified.")
		}
	case "SNOWFLAKE_JWT":
		if err := srv.verifyJWT(d.Token); !known || err != nil {
			return errorf("390144", "08001", "JWT token is invalid.")
		}
	case "OAUTH":
		if !known || srv.OAuthToken == "" || d.Token != srv.OAuthToken {
			return errorf("390303", "08001", "Invalid OAuth access token.")
		}
	case "PROGRAMMATIC_ACCESS_TOKEN":
		if !known || !user || srv.AccessToken == "" || d.Token != srv.AccessToken {
			return errorf("394400", "08001", "Programmatic access token is invalid.")
		}
	default:
		return errorf("390190", "08001", "the test server does not know the authenticator %s", d.Authenticator)
	}
	return nil
}

// verifyJWT checks signature, issuer, subject and expiry of a key pair's token.
func (srv *Server) verifyJWT(token string) error {
	parts := strings.Split(token, ".")
	if srv.PublicKey == nil || len(parts) != 3 {
		return fmt.Errorf("no token or no key")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(srv.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
		return err
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var claims struct {
		Issuer  string  `json:"iss"`
		Subject string  `json:"sub"`
		Issued  float64 `json:"iat"`
		Expires float64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(srv.PublicKey)
	if err != nil {
		return err
	}
	fingerprint := sha256.Sum256(der)
	subject := Account + "." + User
	now := float64(srv.now().Unix())
	switch {
	case claims.Subject != subject:
		return fmt.Errorf("token of %s", claims.Subject)
	case claims.Issuer != subject+".SHA256:"+base64.StdEncoding.EncodeToString(fingerprint[:]):
		return fmt.Errorf("token issued by %s", claims.Issuer)
	case claims.Expires < now, claims.Expires-claims.Issued > time.Hour.Seconds():
		return fmt.Errorf("token expired")
	}
	return nil
}
