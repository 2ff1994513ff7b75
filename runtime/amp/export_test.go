package amp

// DecodeMetadata is decodeMetadata, for the fuzz test.
var DecodeMetadata = decodeMetadata
