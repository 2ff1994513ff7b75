package diag

// The codes, by the stage that finds the fault. A code is never reused for another fault.
const (
	// Files.
	Unreadable Code = "AMP001" // a file cannot be read
	NotUTF8    Code = "AMP002" // a file is not UTF-8
	Config     Code = "AMP003" // ampgen.yaml: bad syntax, unknown key or bad value
	Lock       Code = "AMP004" // a lock file is malformed, stale, or disagrees with inference
	Manifest   Code = "AMP005" // an Amp dataset manifest is malformed

	// SQL text.
	Unterminated Code = "AMP010" // unterminated string, quoted identifier or comment
	Syntax       Code = "AMP011" // the statement does not parse
	Ignored      Code = "AMP012" // syntax that DataFusion parses and silently ignores
	Unsupported  Code = "AMP013" // the server refuses this syntax, or inference does not know it

	// Names and types.
	UnknownTable     Code = "AMP020"
	UnknownColumn    Code = "AMP021"
	AmbiguousColumn  Code = "AMP022"
	UnknownFunction  Code = "AMP023"
	Arguments        Code = "AMP024" // wrong number or types of arguments
	Signature        Code = "AMP025" // bad Solidity signature
	TypeMismatch     Code = "AMP026" // operands, branches or UNION inputs have no common type
	AnnouncedType    Code = "AMP027" // announced and real type differ
	DuplicateOutput  Code = "AMP028" // two output columns have one name
	Unaliased        Code = "AMP029" // an expression in the select list has no alias
	ReservedAlias    Code = "AMP030" // an alias that starts with an underscore
	NotIncremental   Code = "AMP031" // an operation that a stream cannot have
	BlockColumn      Code = "AMP032" // the block column is missing or cannot be proved
	UnknownCast      Code = "AMP033" // a cast that does not exist
	UnsupportedType  Code = "AMP034" // a column type that a sink cannot hold
	QueryStructure   Code = "AMP035" // GROUP BY, aggregates, column counts and the like
	UnprovableColumn Code = "AMP036" // inference cannot type this expression

	// Annotations and pipelines.
	Annotation     Code = "AMP040" // unknown or malformed annotation
	DuplicateQuery Code = "AMP041" // two queries with one name
	NoQueryName    Code = "AMP042" // a statement without a name line
	Key            Code = "AMP043" // @key names a column that the query does not have
	Sink           Code = "AMP044" // unknown sink, bad table or option

	// Labels.
	LabelFile      Code = "AMP050" // empty or ragged CSV, bad quoting
	LabelHeader    Code = "AMP051" // duplicate or empty column name
	LabelKey       Code = "AMP052" // the key is missing in the CSV or in the query
	LabelKeyType   Code = "AMP053" // key types cannot be matched
	LabelDuplicate Code = "AMP054" // a key occurs twice
	LabelValue     Code = "AMP055" // a value does not fit its column's type
	LabelColumn    Code = "AMP056" // a label column collides with a query column

	// Output.
	Output Code = "AMP060" // a generated file was edited by hand, or cannot be written
)
