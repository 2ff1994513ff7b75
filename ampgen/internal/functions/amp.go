package functions

var ampFunctions []*Function
var datasetFunctions []*Function
