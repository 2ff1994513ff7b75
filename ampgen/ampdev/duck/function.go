package duck

/*
#include <stdlib.h>

void ampdev_call(void *info, void *input, void *output);
void ampdev_release(void *extra);
*/
import "C"

import (
	"fmt"
	"runtime/cgo"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// Function is a scalar function in Go. It is called with nulls too, and its results for equal arguments are equal.
//
// The driver's own interface hands over one boxed value at a time; this one hands over vectors.
type Function struct {
	Name   string
	Args   []arrow.DataType
	Result arrow.DataType
	// Run writes out[i] for each i in [0, n) from the i-th values of args, none of which outlive the call. It may be called from
	// several goroutines at once. An error ends the query.
	Run func(args []Vector, out Vector, n int) error
}

// Register makes f known to all connections of c's database.
func (c *Conn) Register(f Function) error {
	handle := mapping.CreateScalarFunction()
	defer mapping.DestroyScalarFunction(&handle)
	mapping.ScalarFunctionSetName(handle, f.Name)
	for _, arg := range f.Args {
		t, err := logicalType(arg)
		if err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
		mapping.ScalarFunctionAddParameter(handle, t)
		mapping.DestroyLogicalType(&t)
	}
	t, err := logicalType(f.Result)
	if err != nil {
		return fmt.Errorf("function %s: %w", f.Name, err)
	}
	mapping.ScalarFunctionSetReturnType(handle, t)
	mapping.DestroyLogicalType(&t)
	mapping.ScalarFunctionSetSpecialHandling(handle)
	extra := (*cgo.Handle)(C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0)))))
	*extra = cgo.NewHandle(f)
	mapping.ScalarFunctionSetExtraInfo(handle, unsafe.Pointer(extra), C.ampdev_release)
	mapping.ScalarFunctionSetFunction(handle, C.ampdev_call)
	if mapping.RegisterScalarFunction(c.handle, handle) == mapping.StateError {
		return fmt.Errorf("function %s: duckdb refused it", f.Name)
	}
	return nil
}

//export ampdev_release
func ampdev_release(extra unsafe.Pointer) {
	(*cgo.Handle)(extra).Delete()
	C.free(extra)
}

//export ampdev_call
func ampdev_call(infoPtr, inputPtr, outputPtr unsafe.Pointer) {
	info := mapping.FunctionInfo{Ptr: infoPtr}
	f := (*cgo.Handle)(mapping.ScalarFunctionGetExtraInfo(info)).Value().(Function)
	input := mapping.DataChunk{Ptr: inputPtr}
	n := int(mapping.DataChunkGetSize(input))
	args := make([]Vector, mapping.DataChunkGetColumnCount(input))
	for i := range args {
		args[i] = Vector{mapping.DataChunkGetVector(input, mapping.IdxT(i)), n}
	}
	if err := f.Run(args, Vector{mapping.Vector{Ptr: outputPtr}, n}, n); err != nil {
		mapping.ScalarFunctionSetError(info, err.Error())
	}
}

// logicalType is the type that TypeName names. The caller destroys it.
func logicalType(t arrow.DataType) (mapping.LogicalType, error) {
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		return mapping.CreateDecimalType(uint8(t.Precision), uint8(t.Scale)), nil
	case *arrow.ListType:
		return logicalListType(t.Elem())
	case *arrow.FixedSizeListType:
		return logicalListType(t.Elem())
	case *arrow.StructType:
		return logicalStructType(t)
	}
	name, err := TypeName(t)
	if err != nil {
		return mapping.LogicalType{}, err
	}
	id, ok := typeIDs[name]
	if !ok {
		return mapping.LogicalType{}, fmt.Errorf("a function cannot have the type %s", t)
	}
	return mapping.CreateLogicalType(id), nil
}

func logicalListType(elem arrow.DataType) (mapping.LogicalType, error) {
	inner, err := logicalType(elem)
	if err != nil {
		return inner, err
	}
	defer mapping.DestroyLogicalType(&inner)
	return mapping.CreateListType(inner), nil
}

func logicalStructType(t *arrow.StructType) (mapping.LogicalType, error) {
	var types []mapping.LogicalType
	defer func() {
		for i := range types {
			mapping.DestroyLogicalType(&types[i])
		}
	}()
	var names []string
	for _, f := range t.Fields() {
		inner, err := logicalType(f.Type)
		if err != nil {
			return inner, err
		}
		types, names = append(types, inner), append(names, f.Name)
	}
	return mapping.CreateStructType(types, names), nil
}

var typeIDs = map[string]mapping.Type{
	"BOOLEAN": mapping.TypeBoolean, "TINYINT": mapping.TypeTinyInt, "SMALLINT": mapping.TypeSmallInt, "INTEGER": mapping.TypeInteger,
	"BIGINT": mapping.TypeBigInt, "UTINYINT": mapping.TypeUTinyInt, "USMALLINT": mapping.TypeUSmallInt,
	"UINTEGER": mapping.TypeUInteger, "UBIGINT": mapping.TypeUBigInt, "FLOAT": mapping.TypeFloat, "DOUBLE": mapping.TypeDouble,
	"VARCHAR": mapping.TypeVarchar, "BLOB": mapping.TypeBlob,
}
