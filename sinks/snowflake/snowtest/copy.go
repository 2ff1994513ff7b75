package snowtest

import (
	"time"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// loadHistory is a table's load metadata: which files it has, by their path on the stage.
type loadHistory struct{ files map[string]loadedFile }

type loadedFile struct {
	sum string
	at  time.Time
}

func (h *loadHistory) add(map[string]loadedFile) {}

func (s *session) copy(*sfsql.Copy) (*result, error) { return nil, unsupported("COPY") }
