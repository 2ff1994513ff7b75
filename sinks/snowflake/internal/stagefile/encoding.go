package stagefile

import (
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

// properties are how a file is encoded whose first rows are given. There are no statistics: they cost a tenth of the time, and
// COPY, which reads all of a file, has no use for them.
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
		parquet.WithStats(false),
		parquet.WithDictionaryDefault(false),
		parquet.WithDictionaryFor(ddl.BatchColumn, true),
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

// repeats reports whether a column of text or bytes has a dictionary: if few values make most of it, in no order. Where equal
// values follow each other, or in numbers, zstd finds as much, and faster. Nested columns have none, since their leaves have paths
// of their own.
func repeats(a arrow.Array) bool {
	var at func(i int) string
	switch a := a.(type) {
	case *array.String:
		at = a.Value
	case *array.Binary:
		at = a.ValueString
	case *array.FixedSizeBinary:
		at = func(i int) string { return string(a.Value(i)) }
	default:
		return false
	}
	rows := min(a.Len(), sampleRows)
	distinct := make(map[string]struct{}, rows/3+1)
	valid, changes, last := 0, 0, ""
	for i := 0; i < rows && len(distinct) <= rows/3; i++ {
		if a.IsNull(i) {
			continue
		}
		v := at(i)
		if v != last {
			changes++
		}
		valid, last = valid+1, v
		distinct[v] = struct{}{}
	}
	return valid >= 16 && len(distinct) <= valid/3 && changes > valid/4
}
