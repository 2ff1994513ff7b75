package snowflake

import (
	"context"
	"errors"
	"os"
	"sync/atomic"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// Sink is one table in Snowflake with its state. Units of different ranges may be open at once: their files are built, put and
// copied in parallel, and the ends of their commits take turns. A unit has a session while it sends a file or commits; by method insert
// also from its first INSERT on, which comes before the commit if its rows are many. It is safe for concurrent use after Prepare.
type Sink struct {
	config           Config // complete
	pool             *pool
	database, schema string // the session's, as Snowflake has their names
	holder           string
	dir              string // for files on their way

	table   *target // after Prepare
	epoch   int64   // of the fence, taken by Prepare
	commits atomic.Int64
}

var (
	_ runtime.StatelessSink = (*Sink)(nil)
	_ runtime.Comparer      = (*Sink)(nil)
	_ runtime.Explainer     = (*Sink)(nil)
	_ runtime.Redoer        = (*Sink)(nil)
)

var errUnprepared = errors.New("the sink was not prepared")

// Open connects. A server that cannot be reached is a Transient error; a refused login is Permanent.
func Open(ctx context.Context, config Config) (*Sink, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	settings, err := config.driverConfig()
	if err != nil {
		return nil, err
	}
	on := "account " + config.Account
	pool, err := openPool(ctx, settings, config.Connections)
	if err != nil {
		return nil, classify("connect", on, err)
	}
	s := &Sink{config: config, pool: pool, holder: holder()}
	if err = s.pool.use(ctx, func(c *session) error { return s.whereabouts(ctx, c) }); err == nil {
		s.dir, err = os.MkdirTemp("", "ampgen-snowflake-")
	}
	if err != nil {
		pool.close()
		return nil, classify("connect", on, err)
	}
	return s, nil
}

// whereabouts asks for the session's database and schema. The server connects to a database that does not exist, or that the
// role may not use, without an error.
func (s *Sink) whereabouts(ctx context.Context, c *session) error {
	var database, schema *string
	err := c.query(ctx, func(scan func(...any) error) error { return scan(&database, &schema) }, "SELECT CURRENT_DATABASE(), CURRENT_SCHEMA()")
	if err != nil {
		return err
	}
	if database == nil {
		return &runtime.Error{Class: runtime.Permanent, Op: "connect", On: "database " + s.config.Database, Err: errors.New("it does not exist, or the role may not use it"),
			Help: "create it, or grant the role USAGE on it"}
	}
	s.database, s.schema = *database, ddl.Fold(s.config.Schema)
	if schema != nil {
		s.schema = *schema
	}
	return nil
}

// Close is runtime.Sink's. Open units are to be rolled back before.
func (s *Sink) Close() error {
	s.pool.close()
	return os.RemoveAll(s.dir)
}

// Prepare is runtime.Sink's. Where everything exists it needs no privilege to create.
func (s *Sink) Prepare(ctx context.Context, table *runtime.Table) error {
	t, err := s.newTarget(table)
	if err != nil {
		return err
	}
	if _, err := ddl.Create(t.ddl); err != nil {
		return &runtime.Error{Class: runtime.Permanent, Op: "prepare", On: t.on(), Err: err}
	}
	if err := s.pool.use(ctx, func(c *session) error { return s.create(ctx, c, t) }); err != nil {
		return classify("prepare", t.on(), err)
	}
	var epoch int64
	if !t.Stateless {
		err := s.pool.transact(ctx, "prepare", t.on(), func(c *session) (err error) {
			if epoch, err = t.takeFence(ctx, c, s.holder); err != nil {
				return err
			}
			return t.compact(ctx, c)
		})
		if err != nil {
			return classify("prepare", t.on(), err)
		}
	}
	s.sweep(ctx, t)
	s.table, s.epoch = t, epoch
	return nil
}

// create creates what does not exist, and compares the table if it does. Every statement is a commit of its own, and creates
// only where nothing is, so that it does not matter how many of them a crash leaves undone, or who else runs them.
func (s *Sink) create(ctx context.Context, c *session, t *target) error {
	found, err := t.hasSchema(ctx, c)
	if err != nil {
		return err
	}
	if !found {
		if _, err := c.exec(ctx, ddl.CreateSchema(t.name)); err != nil {
			return err
		}
	}
	there, err := t.find(ctx, c)
	if err != nil {
		return err
	}
	if err := t.checkSpelling(ctx, c, there); err != nil {
		return err
	}
	exists := there.has(t.name.Object)
	if there.has(ddl.StateTable) && (t.Stateless || !exists) {
		if err := t.checkState(ctx, c, exists); err != nil {
			return err
		}
	}
	if exists {
		err = t.compare(ctx, c, there[t.name.Object])
	} else {
		err = t.createTable(ctx, c)
	}
	if err != nil {
		return err
	}
	if err := s.createBeside(ctx, c, t, there); err != nil || t.Stateless {
		return err
	}
	if err := t.checkAlone(ctx, c); err != nil {
		return err
	}
	return t.ensureFence(ctx, c)
}

func (t *target) createTable(ctx context.Context, c *session) error {
	statement, err := ddl.CreateTable(t.ddl)
	if err != nil {
		return err
	}
	_, err = c.exec(ctx, statement)
	crash.Point(crash.DuringDDL)
	return err
}

// createBeside creates the views, the stage and the state, where they do not exist.
func (s *Sink) createBeside(ctx context.Context, c *session, t *target, there objects) error {
	var statements []string
	if t.History {
		current, history := ddl.CreateViews(t.ddl)
		if !there.has(t.name.Object + ddl.CurrentSuffix) {
			statements = append(statements, current)
		}
		if !there.has(t.name.Object + ddl.HistorySuffix) {
			statements = append(statements, history)
		}
	}
	if s.config.Method == MethodStage {
		found, err := t.hasStage(ctx, c)
		if err != nil {
			return err
		}
		if !found {
			statements = append(statements, ddl.CreateStage(t.name))
		}
	}
	if !t.Stateless {
		if !there.has(ddl.StateTable) {
			statements = append(statements, ddl.CreateState(t.name))
		} else if migrated, err := t.migrated(ctx, c); err != nil {
			return err
		} else if !migrated {
			statements = append(statements, ddl.MigrateState(t.name)...)
		}
		if !there.has(ddl.FenceTable) {
			statements = append(statements, ddl.CreateFence(t.name))
		}
	}
	for _, statement := range statements {
		if _, err := c.exec(ctx, statement); err != nil {
			return err
		}
		crash.Point(crash.DuringDDL)
		crash.Point(crash.DuringStateMigration)
	}
	return nil
}

// State is runtime.Sink's.
func (s *Sink) State(ctx context.Context, table *runtime.Table) (runtime.State, error) {
	t, err := s.newTarget(table)
	if err != nil || t.Stateless {
		return runtime.State{}, err
	}
	var state runtime.State
	err = s.pool.use(ctx, func(c *session) error {
		there := objects{ddl.StateTable: "BASE TABLE", ddl.FenceTable: "BASE TABLE"} // as Prepare left it
		if s.table == nil || s.table.Table != table {
			if there, err = t.find(ctx, c); err != nil || !there.has(ddl.StateTable) {
				return err
			}
			migrated, err := t.migrated(ctx, c)
			if err != nil {
				return err
			}
			t.younger = !migrated
		}
		return t.read(ctx, c, there.has(ddl.FenceTable), &state)
	})
	if err != nil {
		return runtime.State{}, classify("read the state", t.on(), err)
	}
	return state, nil
}

// read reads the state.
func (t *target) read(ctx context.Context, c *session, fenced bool, state *runtime.State) error {
	all, err := t.coverage(ctx, c)
	if err != nil {
		return err
	}
	for _, r := range all {
		state.Ranges = append(state.Ranges, r.Range)
	}
	if state.Changed, err = t.changed(ctx, c); err != nil || !fenced {
		return err
	}
	f, err := t.readFence(ctx, c)
	state.Fence, state.Holder = uint64(f.epoch), f.holder
	return err
}

// HasRows is runtime.StatelessSink's.
func (s *Sink) HasRows(ctx context.Context, table *runtime.Table) (has bool, err error) {
	t, err := s.newTarget(table)
	if err != nil {
		return false, err
	}
	err = s.pool.use(ctx, func(c *session) error {
		there, err := t.find(ctx, c)
		if err != nil || !there.has(t.name.Object) {
			return err
		}
		n, err := c.count(ctx, "SELECT COUNT(*) FROM "+t.rows) // which Snowflake knows without looking
		has = n > 0
		return err
	})
	return has, classify("look for rows", t.on(), err)
}

func (s *Sink) prepared() error {
	if s.table == nil {
		return &runtime.Error{Class: runtime.Permanent, Op: "use the sink", Err: errUnprepared, Help: "call Prepare first"}
	}
	return nil
}
