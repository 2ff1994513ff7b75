package pgtest

import "syscall"

// dieWithParent has the kernel kill the server when this process ends, even by SIGKILL.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
