// Command ampgen generates typed Go pipelines from SQL query files and label CSVs.
package main

import (
	"os"

	"github.com/ampgen/ampgen/ampgen/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
