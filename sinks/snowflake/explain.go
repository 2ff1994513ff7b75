package snowflake

import (
	"context"
	"fmt"
	"strings"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/telemetry"
	"github.com/ampgen/ampgen/sinks/snowflake/internal/stagefile"
)

// Explain is runtime.Explainer's. The files are counted before compression, which makes fewer or smaller ones of them.
func (s *Sink) Explain(_ context.Context, table *runtime.Table, load runtime.Estimate) (string, error) {
	t, err := s.newTarget(table)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	var rows string
	if s.config.Method == MethodInsert {
		fmt.Fprintf(&b, "method insert: %s by array binds\n", telemetry.Count(load.Rows, "row"))
		rows = fmt.Sprintf("INSERT INTO %s (…) VALUES (?, …)  -- some thousand rows at once", t.rows)
	} else {
		fileBytes := s.config.FileMiB << 20
		files := max(load.Units, (load.Bytes+fileBytes-1)/fileBytes)
		fmt.Fprintf(&b, "method stage: at most %s of %d MiB, for %s before compression, through @%s/%s\n",
			telemetry.Count(files, "file"), s.config.FileMiB, telemetry.Bytes(load.Bytes), t.stage, t.folder)
		fmt.Fprintf(&b, "  each open unit holds at most %d MiB in memory while its files are built\n", stagefile.Memory(t.Schema)>>20)
		folder := t.folder + "<range>/<attempt>/"
		fmt.Fprintf(&b, "  %s\n", t.putSQL("…/<attempt>-0.parquet", folder))
		rows = t.copySQL(folder, []stagefile.File{{Path: "<attempt>-0.parquet"}, {Path: "…"}})
	}
	fmt.Fprintf(&b, "each of %s:\n  BEGIN\n  %s\n", telemetry.Count(load.Units, "commit"), rows)
	if !t.Stateless {
		fmt.Fprintf(&b, "  UPDATE %s SET \"COMMITS\" = \"COMMITS\" + 1 …  -- the fence: commits take turns from here\n  INSERT INTO %s …\n", t.fence, t.state)
	}
	b.WriteString("  COMMIT\n")
	if s.config.Method == MethodStage {
		fmt.Fprintf(&b, "  REMOVE @%s/%s<range>/<attempt>/\n", t.stage, t.folder)
	}
	return b.String(), nil
}
