package amp

// For the fuzz tests.
var (
	DecodeMetadata = decodeMetadata
	EncodeCursor   = encodeCursor
)
