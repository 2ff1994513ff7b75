package snowflake

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/snowflake/internal/stagefile"
)

const (
	// putsAtOnce is how many files of a unit are on their way to the stage while the next one is built; so many, and two more, are
	// on the disk.
	putsAtOnce = 2
	// putParallel is how many parts of a file the driver sends at once.
	putParallel = 4
	// filesPerCopy is the most that FILES may name.
	filesPerCopy = 1000
	// sweepTimeout bounds what is only cleaning up.
	sweepTimeout = 30 * time.Second
)

// staged is rows on their way through the stage: they become files, which are put while the next rows arrive, and copied into the
// table at the end.
type staged struct {
	pool   *pool
	table  *target
	folder string // in the stage, ending in a slash: this attempt's alone
	writer *stagefile.Writer

	files  []stagefile.File
	spent  time.Duration // on building them
	puts   *errgroup.Group
	ctx    context.Context // of the puts
	cancel context.CancelFunc
}

// stage makes a staged for rows that are tagged with batch. below is the folder that its own is made in.
func (s *Sink) stage(ctx context.Context, t *target, below, batch string) (*staged, error) {
	attempt := rand.Text()
	writer, err := stagefile.New(stagefile.Options{Dir: s.dir, Prefix: attempt, Schema: t.Schema, BatchID: batch, History: t.History,
		Uint256: s.config.Uint256, TargetBytes: s.config.FileMiB << 20})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	puts, ctx := errgroup.WithContext(ctx)
	puts.SetLimit(putsAtOnce)
	return &staged{pool: s.pool, table: t, folder: below + pathPart(batch) + "/" + attempt + "/", writer: writer, puts: puts, ctx: ctx, cancel: cancel}, nil
}

func (r *staged) write(ctx context.Context, rows arrow.RecordBatch) error {
	defer context.AfterFunc(ctx, r.cancel)() // put waits for those that are on their way
	began := time.Now()
	files, err := r.writer.Write(rows)
	r.spent += time.Since(began)
	r.put(files)
	if err := cmp.Or(ctx.Err(), err); err != nil {
		return err
	}
	return context.Cause(r.ctx) // of a file that could not be put
}

func (r *staged) full() bool { return false }

func (r *staged) encoded() time.Duration { return r.spent }

// put begins to put files, and waits for one that is on its way if they are too many.
func (r *staged) put(files []stagefile.File) {
	for _, f := range files {
		r.files = append(r.files, f)
		r.puts.Go(func() error { return r.putFile(r.ctx, f) })
	}
}

// putSQL is the PUT of a file into a folder.
func (t *target) putSQL(file, folder string) string {
	return fmt.Sprintf("PUT %s %s AUTO_COMPRESS=FALSE OVERWRITE=TRUE PARALLEL=%d",
		literal("file://"+filepath.ToSlash(file)), literal("@"+t.stage+"/"+folder), putParallel)
}

// putFile puts one file, and removes it here. Its name is nobody else's, so that putting it again, which the driver does where
// an answer was lost, makes the same of it.
func (r *staged) putFile(ctx context.Context, f stagefile.File) error {
	return r.pool.use(ctx, func(c *session) error {
		if err := c.table(ctx, func(row map[string]string) error {
			if status := row["status"]; status != "UPLOADED" && status != "SKIPPED" {
				return fmt.Errorf("the file %s was not put into the stage: %s %s", path.Base(f.Path), status, row["message"])
			}
			return nil
		}, r.table.putSQL(f.Path, r.folder)); err != nil {
			return err
		}
		return os.Remove(f.Path)
	})
}

// ready waits until all rows are in the stage.
func (r *staged) ready(ctx context.Context) error {
	files, err := r.writer.Finish()
	if err != nil {
		return err
	}
	r.put(files)
	defer context.AfterFunc(ctx, r.cancel)()
	if err := r.puts.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	crash.Point(crash.AfterUploadBeforeCopy)
	return nil
}

// load copies the files into the table, inside of c's transaction.
func (r *staged) load(ctx context.Context, c *session) error {
	if len(r.files) == 0 {
		return nil
	}
	for chunk := range slices.Chunk(r.files, filesPerCopy) {
		if err := r.copy(ctx, c, chunk); err != nil {
			return err
		}
	}
	// COPY by name passes over columns of the files that the table lacks: one that was dropped would be lost without a word.
	return c.query(ctx, func(func(...any) error) error { return nil }, fmt.Sprintf("SELECT %s FROM %s LIMIT 0", r.table.allColumns(), r.table.rows))
}

// copySQL is the COPY of some files of a folder.
func (t *target) copySQL(folder string, files []stagefile.File) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = literal(path.Base(f.Path))
	}
	return fmt.Sprintf("COPY INTO %s FROM @%s/%s FILES=(%s) FILE_FORMAT=(TYPE=PARQUET USE_VECTORIZED_SCANNER=TRUE BINARY_AS_TEXT=FALSE USE_LOGICAL_TYPE=TRUE)"+
		" MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE ON_ERROR=ABORT_STATEMENT FORCE=TRUE", t.rows, t.stage, folder, strings.Join(names, ", "))
}

// copy copies some of the files, and compares what was loaded of each with what was written.
func (r *staged) copy(ctx context.Context, c *session, files []stagefile.File) error {
	left := map[string]int64{}
	for _, f := range files {
		left[path.Base(f.Path)] = f.Rows
	}
	err := sent(crash.CopySentNoReply, func() error {
		return c.table(ctx, func(row map[string]string) error {
			name := path.Base(row["file"])
			rows, ours := left[name]
			if !ours {
				return fmt.Errorf("COPY loaded %q, which is no file of the unit", row["file"])
			}
			if row["status"] != "LOADED" || row["rows_loaded"] != fmt.Sprint(rows) {
				return fmt.Errorf("COPY loaded %s of the %d rows of %s, which it calls %s: %s", row["rows_loaded"], rows, name, row["status"], row["first_error"])
			}
			delete(left, name)
			return nil
		}, r.table.copySQL(r.folder, files))
	})
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("COPY said nothing of %d of %d files", len(left), len(files))
	}
	return err
}

// discard ends what is on its way and removes what is left, here and in the stage. What it cannot remove there is swept when a
// loader of the table starts.
func (r *staged) discard(ctx context.Context) {
	r.cancel()
	_ = r.puts.Wait()      // of puts that are not wanted any more
	_ = r.writer.Discard() // the folder of the sink goes with the sink
	if len(r.files) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sweepTimeout)
	defer cancel()
	_ = r.pool.use(ctx, func(c *session) error { return r.table.remove(ctx, c, r.folder) })
}

// remove removes a folder from the stage.
func (t *target) remove(ctx context.Context, c *session, folder string) error {
	return c.table(ctx, func(map[string]string) error { return nil }, fmt.Sprintf("REMOVE @%s/%s", t.stage, folder))
}

// redoAge is how old the files of a redo are that no redo can still want.
const redoAge = 24 * time.Hour

// sweep removes from the stage what loaders of the table that are gone have left. The fence is taken: what a loader that is not
// gone has there could not be committed any more. A redo needs no fence, so files of one are left for a day. It only cleans up:
// what fails of it is left to the next loader that starts, and costs storage until then.
func (s *Sink) sweep(ctx context.Context, t *target) {
	if s.config.Method != MethodStage {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	_ = s.pool.use(ctx, func(c *session) error {
		all, err := t.list(ctx, c, t.folder)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			if err := t.remove(ctx, c, t.folder); err != nil {
				return err
			}
		}
		redone, err := t.list(ctx, c, redoFolder+t.folder)
		if err != nil {
			return err
		}
		for _, f := range redone {
			if f.modified.IsZero() || time.Since(f.modified) < redoAge {
				continue
			}
			if err := t.remove(ctx, c, f.path); err != nil {
				return err
			}
		}
		return nil
	})
}

// stageFile is a file in the stage, by its path there.
type stageFile struct {
	path     string
	modified time.Time // zero if LIST's answer cannot be read
}

// modifiedLayout is how LIST writes times: as HTTP does, but with days below 10 in one digit. It reads those of two as well.
const modifiedLayout = "Mon, 2 Jan 2006 15:04:05 MST"

// list lists a folder of the stage.
func (t *target) list(ctx context.Context, c *session, folder string) (files []stageFile, err error) {
	err = c.table(ctx, func(row map[string]string) error {
		// The name begins with that of the stage, in lower case.
		_, inStage, _ := strings.Cut(row["name"], "/")
		modified, _ := time.Parse(modifiedLayout, row["last_modified"]) // zero, which is no age, if it fails
		files = append(files, stageFile{inStage, modified})
		return nil
	}, fmt.Sprintf("LIST @%s/%s", t.stage, folder))
	return files, err
}

// pathPart makes a part of a path in the stage of any text: letters, digits, - and _ as they are, and whatever has others told
// apart by a hash.
func pathPart(s string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, s)
	if plain == s && s != "" && len(s) <= 100 {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return plain[:min(len(plain), 100)] + "-" + hex.EncodeToString(sum[:4])
}
