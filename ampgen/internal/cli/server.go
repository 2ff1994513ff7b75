package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/ampgen/internal/describe"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/generate"
	"github.com/ampgen/ampgen/runtime/amp"
)

// serverFlags are the flags of a connection, the same words as the loaders'.
type serverFlags struct {
	server, tokenFile, caFile string
	insecureToken             bool
}

func (f *serverFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.server, "server", os.Getenv("AMP_SERVER"), "the Amp server, such as grpc://localhost:1602 or https://amp.example.com (environment: AMP_SERVER)")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with the bearer token (or environment: AMP_AUTH_TOKEN)")
	flags.StringVar(&f.caFile, "ca-file", "", "PEM file of the certificate authorities to trust instead of the system's")
	flags.BoolVar(&f.insecureToken, "insecure-token", false, "send the token over plaintext to another machine")
}

// dial connects with the flags.
func (f *serverFlags) dial() (*amp.Client, error) {
	if f.server == "" {
		return nil, errors.New("which server? give --server grpc://host:1602 or set AMP_SERVER")
	}
	token := os.Getenv("AMP_AUTH_TOKEN")
	if f.tokenFile != "" {
		data, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("read the token: %w", err)
		}
		token = strings.TrimSpace(string(data))
	}
	return amp.Dial(amp.Config{Server: f.server, Token: token, CAFile: f.caFile, InsecureToken: f.insecureToken})
}

// describe writes a lock file for every query, also for those that cannot be inferred: that is what lock files are for.
func (a *app) describe(paths []string) (int, error) {
	var diags diag.List
	queries, _, err := generate.Queries(generate.Options{Dir: a.dir, Paths: paths}, &diags)
	if err != nil {
		return exitFailed, err
	}
	if diags.Len() > 0 {
		return exitFaults, a.printFaults(&diags)
	}
	client, err := a.server.dial()
	if err != nil {
		return exitFailed, err
	}
	defer client.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var failed []error
	for _, q := range queries {
		name, changed, err := describe.WriteLock(ctx, client, q, a.dir)
		switch {
		case err != nil:
			failed = append(failed, err)
		case changed:
			fmt.Fprintf(a.stdout, "wrote     %s\n", name)
		default:
			fmt.Fprintf(a.stdout, "unchanged %s\n", name)
		}
	}
	return exitOK, errors.Join(failed...)
}

// verify compares every pipeline's schema with the server's.
func (a *app) verify(paths []string) (int, error) {
	project, err := a.load(paths)
	if err != nil || project == nil {
		return exitFaults, err
	}
	client, err := a.server.dial()
	if err != nil {
		return exitFailed, err
	}
	defer client.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code := exitOK
	var failed []error
	for _, p := range project.Pipelines {
		differences, err := describe.Differences(ctx, client, p)
		switch {
		case err != nil:
			failed = append(failed, err)
		case len(differences) > 0:
			code = exitFaults
			list(a.stdout, fmt.Sprintf("%s:%d: query %s differs from the server:", p.File, p.Line, p.Name), differences)
		default:
			fmt.Fprintf(a.stdout, "%s: the server announces what was inferred, %d columns\n", p.Name, len(p.Query))
		}
	}
	return code, errors.Join(failed...)
}
