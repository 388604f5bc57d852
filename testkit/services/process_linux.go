package services

import (
	"os/exec"
	"runtime"
	"syscall"
)

// endWithThisThread has the kernel kill the child when the calling thread ends, which the
// returned function lets happen.
func endWithThisThread(cmd *exec.Cmd) (unlock func()) {
	runtime.LockOSThread()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return runtime.UnlockOSThread
}
