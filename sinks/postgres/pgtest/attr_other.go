//go:build !linux

package pgtest

import "syscall"

// dieWithParent is all that this system offers: the server is stopped by Stop alone.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
