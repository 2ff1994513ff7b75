// Package sim runs the loader against a model of everything around it: a chain that forks, a server that repeats, cuts and
// lies, a database that fails, processes that are killed. All of it is drawn from one seed, in one order, without real time, so
// that a seed that fails fails again.
//
// The model chain is a tree of blocks and therefore the oracle: after every commit that a reader could see, the rows in the
// store are compared with those of the blocks that its state claims to cover.
package sim
