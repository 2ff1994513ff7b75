package stagefile

import (
	"hash/maphash"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"

	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

const (
	pageBytes       = 1 << 20 // uncompressed
	dictionaryBytes = 1 << 20
	// sampleRows of a file's first rows decide which columns have a dictionary.
	sampleRows = 4096
)

// properties are how a file is encoded whose first rows are given.
func properties(first arrow.RecordBatch) *parquet.WriterProperties {
	p := []parquet.WriterProperty{
		parquet.WithVersion(parquet.V2_LATEST), // only because earlier versions have no nanoseconds; the pages are of version 1
		parquet.WithDataPageVersion(parquet.DataPageV1),
		parquet.WithDataPageSize(pageBytes),
		parquet.WithDictionaryPageSizeLimit(dictionaryBytes),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(1),
		parquet.WithStoreDecimalAsInteger(true),
		parquet.WithCreatedBy("ampgen"),
		parquet.WithBatchSize(batchRows(first)),
		parquet.WithDictionaryDefault(false),
		parquet.WithDictionaryFor(ddl.BatchColumn, true),
		parquet.WithStatsFor(ddl.BatchColumn, false),
	}
	for i, f := range first.Schema().Fields() {
		if repeats(first.Column(i)) {
			p = append(p, parquet.WithDictionaryFor(f.Name, true))
		}
	}
	return parquet.NewWriterProperties(p...)
}

// batchRows is how many values the writer takes at once before it looks at the size of the page: as many as are fast, fewer if
// the values are long.
func batchRows(first arrow.RecordBatch) int64 {
	widest := uint64(1)
	for _, a := range first.Columns() {
		widest = max(widest, a.Data().SizeInBytes()/uint64(a.Len()))
	}
	return int64(min(max(pageBytes/2/widest, 64), 8192))
}

// repeats reports whether few values make most of a column, which a dictionary makes smaller and, there being less to compress,
// faster. Nested columns never say so: their leaves have paths of their own.
func repeats(a arrow.Array) bool {
	n := min(a.Len(), sampleRows)
	seed := maphash.MakeSeed()
	hash := func(i int) uint64 { return 0 }
	switch a := a.(type) {
	case *array.Int32:
		hash = func(i int) uint64 { return uint64(a.Value(i)) }
	case *array.Int64:
		hash = func(i int) uint64 { return uint64(a.Value(i)) }
	case *array.Timestamp:
		hash = func(i int) uint64 { return uint64(a.Value(i)) }
	case *array.String:
		hash = func(i int) uint64 { return maphash.String(seed, a.Value(i)) }
	case *array.LargeString:
		hash = func(i int) uint64 { return maphash.String(seed, a.Value(i)) }
	case *array.Binary:
		hash = func(i int) uint64 { return maphash.Bytes(seed, a.Value(i)) }
	case *array.FixedSizeBinary:
		hash = func(i int) uint64 { return maphash.Bytes(seed, a.Value(i)) }
	default:
		return false
	}
	distinct := make(map[uint64]struct{}, 256)
	valid := 0
	for i := range n {
		if a.IsValid(i) {
			valid++
			distinct[hash(i)] = struct{}{}
		}
	}
	return valid >= 16 && len(distinct) <= valid/3
}
