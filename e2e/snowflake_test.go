package e2e

import (
	"net/url"
	"strconv"
	"testing"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

// inSnowflake is the test server, which Snowflake's own driver reads.
var inSnowflake = system{
	name: "snowflake", driver: "snowflake", location: "--snowflake-host", upper: true,
	write:   map[kind]string{number: "CAST(%s AS VARCHAR)", binary: "'0x' || LOWER(HEX_ENCODE(%s))", moment: "%s", text: "%s", flag: "CAST(%s AS VARCHAR)"},
	connect: connectSnowflake,
	empty:   emptySnowflake,
}

// emptySnowflake starts a server, and lets loaders log in to it by what is in the environment.
func emptySnowflake(t testing.TB) string {
	t.Helper()
	server := snowtest.Start(t)
	for name, value := range map[string]string{
		"ACCOUNT": snowtest.Account, "USER": snowtest.User, "PASSWORD": snowtest.Password, "ROLE": snowtest.Role,
		"WAREHOUSE": snowtest.Warehouse, "DATABASE": snowtest.Database, "SCHEMA": snowtest.Schema,
	} {
		t.Setenv("SNOWFLAKE_"+name, value)
	}
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
	name, err := sf.DSN(&sf.Config{Account: snowtest.Account, User: snowtest.User, Password: snowtest.Password, Role: snowtest.Role,
		Warehouse: snowtest.Warehouse, Database: snowtest.Database, Schema: snowtest.Schema, Protocol: u.Scheme, Host: u.Hostname(), Port: port})
	if err != nil {
		panic(err)
	}
	return name
}
