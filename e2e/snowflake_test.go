package e2e

import (
	"errors"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

// inSnowflake is the test server, which Snowflake's own driver reads.
var inSnowflake = system{
	name: "snowflake", driver: "snowflake", location: "--snowflake-host",
	write: map[kind]string{number: "CAST(%s AS VARCHAR)", binary: "'0x' || LOWER(HEX_ENCODE(%s))",
		moment: "CAST(DATE_PART('epoch_nanosecond', %s) AS VARCHAR)", text: "%s", flag: "CAST(%s AS VARCHAR)"},
	connect: connectSnowflake,
	empty:   emptySnowflake,
}

// emptySnowflake starts a server. What a killed loader leaves open stops others for half a second there, and not for
// Snowflake's five minutes.
func emptySnowflake(t testing.TB) string {
	t.Helper()
	server := snowtest.Start(t)
	server.IdleLimit = time.Second / 2
	c := server.Config()
	return (&url.URL{Scheme: c.Protocol, Host: c.Host + ":" + strconv.Itoa(c.Port)}).String()
}

// connectSnowflake is the driver's data source name for a server.
func connectSnowflake(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		panic(err) // emptySnowflake made it
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		panic(err)
	}
	utc := "UTC"
	name, err := sf.DSN(&sf.Config{Account: snowtest.Account, User: snowtest.User, Password: snowtest.Password, Role: snowtest.Role,
		Warehouse: snowtest.Warehouse, Database: snowtest.Database, Schema: snowtest.Schema, Protocol: u.Scheme, Host: u.Hostname(), Port: port,
		Params: map[string]*string{"TIMEZONE": &utc}})
	if err != nil {
		panic(err)
	}
	return name
}

// logIntoSnowtest makes the environment of this process, and of those that it starts, one in which loaders log into test servers: all
// that it does not say is the host.
func logIntoSnowtest() error {
	errs := []error{sf.GetLogger().SetLogLevel("OFF")} // it would report every query that is asked before there are tables
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "SNOWFLAKE_") {
			errs = append(errs, os.Unsetenv(name))
		}
	}
	for name, value := range map[string]string{
		"ACCOUNT": snowtest.Account, "USER": snowtest.User, "PASSWORD": snowtest.Password, "ROLE": snowtest.Role,
		"WAREHOUSE": snowtest.Warehouse, "DATABASE": snowtest.Database, "SCHEMA": snowtest.Schema,
	} {
		errs = append(errs, os.Setenv("SNOWFLAKE_"+name, value))
	}
	return errors.Join(errs...)
}
