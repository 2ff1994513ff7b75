package labels

// TakeArray is takeArray, and None its row number for null, for the test that needs packages that import this one.
var TakeArray = takeArray

// None is none.
const None = none
