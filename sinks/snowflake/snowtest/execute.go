package snowtest

import (
	"context"
	"fmt"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// execute runs one statement. Cancelling ctx ends its wait for a lock; what runs already goes on.
func (s *session) execute(ctx context.Context, sql string, binds []bind) (*result, error) {
	statement, err := sfsql.Parse(sql)
	if err != nil {
		return nil, syntaxError(err)
	}
	s.run.Lock()
	defer s.run.Unlock()
	if ctx.Err() != nil {
		return nil, canceled()
	}
	if s.aborted {
		s.aborted = false
		return nil, errorf(unnumbered, "25000", "The transaction was rolled back since its session was idle and others waited for it.")
	}
	defer func() {
		if s.tx != nil {
			s.tx.active = s.server.now()
		}
	}()
	return s.dispatch(ctx, statement, binds)
}

// dispatch runs a statement in the session's turn.
func (s *session) dispatch(ctx context.Context, statement sfsql.Statement, binds []bind) (*result, error) {
	switch statement := statement.(type) {
	case *sfsql.Begin:
		s.begin()
		return status(typeTransaction, "Statement executed successfully."), nil
	case *sfsql.Commit:
		if err := s.end(!statement.Rollback); err != nil {
			return nil, err
		}
		return status(typeTransaction, "Statement executed successfully."), nil
	case *sfsql.AlterSession:
		if err := s.setParameters(statement.Parameters); err != nil {
			return nil, err
		}
		return status(typeDDL, "Statement executed successfully."), nil
	case *sfsql.Put:
		return s.put(statement)
	case *sfsql.List:
		return s.list(statement)
	case *sfsql.Remove:
		return s.remove(statement)
	}
	if r, ok, err := s.define(statement); ok {
		return r, err
	}
	if s.warehouse == "" {
		return nil, errorf("000606", "57P03", "No active warehouse selected in the current session. Select an active warehouse with the 'use warehouse' command.")
	}
	c := &compiler{s: s, binds: binds}
	switch statement := statement.(type) {
	case *sfsql.Select:
		q, err := c.query(statement, nil)
		if err != nil {
			return nil, err
		}
		return s.selects(q)
	case *sfsql.Insert:
		return c.insert(statement)
	case *sfsql.Update:
		return c.update(ctx, statement)
	case *sfsql.Delete:
		return c.delete(ctx, statement)
	case *sfsql.Copy:
		return s.copy(statement)
	}
	return nil, unsupported("%T", statement)
}

// define runs what changes the catalog: the open transaction is committed first, also if the statement then fails.
func (s *session) define(statement sfsql.Statement) (r *result, ok bool, err error) {
	var do func() (*result, error)
	switch statement := statement.(type) {
	case *sfsql.CreateTable:
		do = func() (*result, error) { return s.createTable(statement) }
	case *sfsql.CreateView:
		do = func() (*result, error) { return s.createView(statement) }
	case *sfsql.Create:
		do = func() (*result, error) { return s.create(statement) }
	case *sfsql.Drop:
		do = func() (*result, error) { return s.drop(statement) }
	case *sfsql.AddColumn:
		do = func() (*result, error) { return s.addColumn(statement) }
	case *sfsql.DropColumn:
		do = func() (*result, error) { return s.dropColumn(statement) }
	default:
		return nil, false, nil
	}
	if err := s.end(true); err != nil {
		return nil, true, fmt.Errorf("commit before DDL: %w", err)
	}
	r, err = do()
	return r, true, err
}
