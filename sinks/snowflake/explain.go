package snowflake

import (
	"context"
	"fmt"
	"strings"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/telemetry"
	"github.com/ampgen/ampgen/sinks/snowflake/internal/stagefile"
)

// Explain is runtime.Explainer's. Files are counted for data that is not compressed, and each unit's last one as well: there are
// fewer of them.
func (s *Sink) Explain(_ context.Context, table *runtime.Table, load runtime.Estimate) (string, error) {
	t, err := s.newTarget(table)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	rows := fmt.Sprintf("INSERT INTO %s (…) VALUES (?, …)  -- some thousand rows at once", t.rows)
	folder := t.folder + "<range>/<attempt>/"
	if s.config.Method == MethodInsert {
		b.WriteString("method insert: rows go by array binds\n")
	} else {
		fmt.Fprintf(&b, "method stage: files of %d MiB, compressed, go through @%s/%s\n", s.config.FileMiB, t.stage, t.folder)
		if load.Bytes > 0 && load.Units > 0 {
			fmt.Fprintf(&b, "  %s of Arrow data in %s are at most %s\n", telemetry.Bytes(load.Bytes), telemetry.Count(load.Units, "commit"),
				telemetry.Count(load.Units+load.Bytes/(s.config.FileMiB<<20), "file"))
		}
		fmt.Fprintf(&b, "  each open unit holds at most %d MiB in memory while its files are built\n", stagefile.Memory(t.Schema)>>20)
		rows = t.copySQL(folder, []stagefile.File{{Path: "<attempt>-0.parquet"}, {Path: "…"}})
	}
	b.WriteString("each commit:\n")
	if s.config.Method == MethodStage {
		fmt.Fprintf(&b, "  %s\n", t.putSQL("…/<attempt>-0.parquet", folder))
	}
	fmt.Fprintf(&b, "  BEGIN\n  %s\n", rows)
	if !t.Stateless {
		fmt.Fprintf(&b, "  UPDATE %s SET \"COMMITS\" = \"COMMITS\" + 1 …  -- the fence: commits take turns from here\n  INSERT INTO %s …\n", t.fence, t.state)
	}
	b.WriteString("  COMMIT\n")
	if s.config.Method == MethodStage {
		fmt.Fprintf(&b, "  REMOVE @%s/%s\n", t.stage, folder)
	}
	return b.String(), nil
}
