package sql

// Call is a function call: scalar, aggregate or window; which, only name resolution can tell. Clauses that would have no
// effect on a scalar function are therefore accepted here, and inference refuses them.
type Call struct {
	Pos
	Name        []Ident // one part; or dataset and function
	Args        []*Arg
	NoParens    bool // current_date and the like; a column of that name if there is no such function
	Distinct    bool
	OrderBy     []*OrderItem // inside the parentheses
	Filter      Expr         // FILTER (WHERE …); nil if absent
	WithinGroup []*OrderItem
	Nulls       NullTreatment
	Over        *Over // nil if absent

	// Form is set when the call stands for a special form, and is the form's keyword in upper case. Name then is the
	// function that the planner calls, with the keyword's place, and Args are in that function's order:
	//
	//	EXTRACT(f FROM x), EXTRACT(f, x)     date_part('F', x)  keyword fields in upper case, other words as written
	//	SUBSTRING(x FROM a FOR b), SUBSTR    substr(x, a, b)    `SUBSTRING(x FOR b)` is substr(x, 1, b)
	//	TRIM([BOTH] [c FROM] x), TRIM(x, c)  btrim(x, c)        LEADING: ltrim, TRAILING: rtrim
	//	POSITION(a IN b)                     strpos(b, a)
	//	OVERLAY(x PLACING y FROM a [FOR b])  overlay(x, y, a, b)
	//	CEIL(x), FLOOR(x)                    ceil(x), floor(x)
	//	x = ANY(a), x = SOME(a)              array_has(a, x)    Name is at the word ANY or SOME
	Form string
}

// Arg is an argument of a call.
type Arg struct {
	Pos
	Name  *Ident // `name => value` or `name := value`; nil for a positional argument
	Value Expr   // *Star for `*` and `q.*`
}

// Star is `*` or `q.*` as an argument, as in count(*).
type Star struct {
	Pos
	Qualifier []Ident
}

// NullTreatment is IGNORE NULLS or RESPECT NULLS.
type NullTreatment string

// The null treatments.
const (
	NullsUnstated NullTreatment = ""
	IgnoreNulls   NullTreatment = "IGNORE NULLS"
	RespectNulls  NullTreatment = "RESPECT NULLS"
)

// Over is OVER name or OVER (spec): one of the two is set. OVER name occurs in a select list only, and a window of that name
// is defined in the same select.
type Over struct {
	Pos
	Window *Ident
	Spec   *WindowSpec
}

// WindowSpec is the inside of OVER (…).
type WindowSpec struct {
	Pos
	PartitionBy []Expr
	OrderBy     []*OrderItem
	Frame       *Frame // nil: the default frame
}

// Frame is ROWS|RANGE|GROUPS start, or … BETWEEN start AND end.
type Frame struct {
	Pos
	Units FrameUnits
	Start *FrameBound
	End   *FrameBound // nil for a single bound; the end then is CURRENT ROW
}

// FrameUnits is what a Frame counts.
type FrameUnits string

// The frame units.
const (
	FrameRows   FrameUnits = "ROWS"
	FrameRange  FrameUnits = "RANGE"
	FrameGroups FrameUnits = "GROUPS"
)

// FrameBound is one end of a Frame.
type FrameBound struct {
	Pos
	Kind   BoundKind
	Offset Expr // nil: UNBOUNDED, or CURRENT ROW
}

// BoundKind is the direction of a FrameBound.
type BoundKind string

// The bound kinds.
const (
	Preceding  BoundKind = "PRECEDING"
	Following  BoundKind = "FOLLOWING"
	CurrentRow BoundKind = "CURRENT ROW"
)
