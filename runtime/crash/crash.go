// Package crash names the places in which a loader is killed by the tests that prove that it survives.
//
// The code calls Point at each of them. In ordinary builds that is an empty function, which the compiler removes. Built with
// the tag crashpoints, the process kills itself by SIGKILL when it comes to the point that the environment variable
// AMPGEN_CRASH names, as "mid-encode:3" for the third time.
package crash

// A Name is the name of a crash point. Each constant is used at the places that its sentence in Points describes.
type Name string

// The crash points, in the order in which a loader comes to them.
const (
	DuringDDL             Name = "during-ddl"
	DuringStateMigration  Name = "during-state-migration"
	DuringFenceTakeover   Name = "during-fence-takeover"
	DuringCompaction      Name = "during-compaction"
	AfterReceive          Name = "after-recv"
	AfterValidate         Name = "after-validate"
	MidEncode             Name = "mid-encode"
	AfterUploadBeforeCopy Name = "after-upload-before-copy"
	CopySentNoReply       Name = "copy-sent-no-reply"
	AfterRowsBeforeState  Name = "after-rows-before-state"
	StateSentNoReply      Name = "state-sent-no-reply"
	CommitSentNoReply     Name = "commit-sent-no-reply"
	AfterCommitBeforeAck  Name = "after-commit-before-ack"
	DuringGapCommit       Name = "during-gap-backfill-commit"
	DuringHandover        Name = "during-handover"
	MidUndo               Name = "mid-undo"
	UndoBeforeReplacement Name = "undo-done-before-replacement"
	MidRedo               Name = "mid-redo"
	DuringRollback        Name = "during-rollback"
	DuringShutdown        Name = "during-shutdown"
)

// Points has every crash point with what is done and not yet done there. Tests sweep this list.
var Points = []struct {
	Name Name
	When string
	// Once: a process comes here once, or too seldom for waiting until it comes here again.
	Once bool
}{
	{DuringDDL, "the table is created, in a transaction that is not committed; in Snowflake, where DDL has none, without the rest", true},
	{DuringStateMigration, "a state table of an older make has its new columns, in a transaction that is not committed; in Snowflake, not all of them", true},
	{DuringFenceTakeover, "the fence is taken, in a transaction that is not committed", true},
	{DuringCompaction, "old ranges of the state are merged, in a transaction that is not committed", true},
	{AfterReceive, "a message of the server is received, and not looked at", false},
	{AfterValidate, "a message fits the chain, and nothing of it is stored", false},
	{MidEncode, "some rows of a unit are on their way to the sink", false},
	{AfterUploadBeforeCopy, "the files of a unit are in the sink's stage, and nothing has copied them into the table", false},
	{CopySentNoReply, "all rows of a unit are sent, and the sink has not said that it has them", false},
	{AfterRowsBeforeState, "the sink has all rows of a unit, and nothing of its state", false},
	{StateSentNoReply, "the state of a unit is sent, and not committed", false},
	{CommitSentNoReply, "the sink is told to commit, and has not said that it did", false},
	{AfterCommitBeforeAck, "a unit is committed, and the loader has not taken note of it", false},
	{DuringGapCommit, "all rows of a chunk of history are given to the sink, and its commit has not begun", false},
	{DuringHandover, "history is loaded, and the stream is not opened", true},
	{MidUndo, "the rows of blocks that left the chain are removed, in a transaction that is not committed", false},
	{UndoBeforeReplacement, "an undo is committed, and nothing of the new branch is stored", false},
	{MidRedo, "rows that were loaded again have replaced those before, in a transaction that is not committed", false},
	{DuringRollback, "a unit with rows is about to be rolled back", false},
	{DuringShutdown, "the loader was asked to stop and has stopped loading, and the sink is not closed", true},
}
