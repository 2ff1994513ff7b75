package catalog

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
)

// Ref is a dataset reference, [namespace/]name[@revision]. Parts that are not written are empty; the server's defaults are
// the namespace "_" and the revision "latest".
type Ref struct {
	Namespace string
	Name      string
	Revision  string // a semantic version, a 64-digit manifest hash, "latest" or "dev"
}

var (
	refName      = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	refNamespace = regexp.MustCompile(`^[a-z0-9_]+$`)
	refRevision  = regexp.MustCompile(`^(latest|dev|[0-9a-f]{64}|(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?)$`)
)

// ParseRef parses the text of a dataset reference.
func ParseRef(text string) (Ref, error) {
	var ref Ref
	rest, revision, pinned := strings.Cut(text, "@")
	if pinned {
		if ref.Revision = revision; !refRevision.MatchString(revision) {
			return Ref{}, errors.New("the revision after @ is a version such as 1.2.0, a 64-digit hash, latest or dev")
		}
	}
	namespace, name, spaced := strings.Cut(rest, "/")
	if !spaced {
		namespace, name = "", rest
	} else if !refNamespace.MatchString(namespace) {
		return Ref{}, errors.New("a namespace is lower-case letters, digits and underscores")
	}
	if !refName.MatchString(name) {
		return Ref{}, errors.New("a dataset name is lower-case letters, digits and underscores, and begins with no digit")
	}
	ref.Namespace, ref.Name = namespace, name
	return ref, nil
}

func (r Ref) String() string {
	s := r.Name
	if r.Namespace != "" {
		s = r.Namespace + "/" + s
	}
	if r.Revision != "" {
		s += "@" + r.Revision
	}
	return s
}

// pathCause drops the operation and the path from a file error, which the message names itself.
func pathCause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
