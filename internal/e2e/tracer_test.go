//go:build linux && amd64

package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// strace counts the calls of each thread separately, and which thread of a Go
// program makes a call is random. This tracer counts over all threads: the n-th
// call of a run is the n-th of the next run, and each can be hit.

// call is one system call that touches the ledger or a socket.
type call struct {
	name string
	path string // of the file; "socket"
}

func (c call) String() string { return c.name + " " + filepath.Base(c.path) }

// action is what happens to a call.
type action struct {
	kill  bool          // the process is killed before the call
	after bool          // the process is killed after the call
	errno syscall.Errno // the call fails with this and does nothing
}

// watched are the calls that change a file or use a socket. arg says where the
// path is.
var watched = map[uint64]struct {
	name string
	arg  int // the argument with the path; -1: the first argument is a descriptor
}{
	unix.SYS_WRITE: {"write", -1}, unix.SYS_WRITEV: {"writev", -1}, unix.SYS_PWRITE64: {"pwrite64", -1}, unix.SYS_PWRITEV: {"pwritev", -1},
	unix.SYS_FSYNC: {"fsync", -1}, unix.SYS_FDATASYNC: {"fdatasync", -1}, unix.SYS_FTRUNCATE: {"ftruncate", -1}, unix.SYS_FALLOCATE: {"fallocate", -1},
	unix.SYS_CONNECT: {"connect", -1}, unix.SYS_SENDTO: {"sendto", -1}, unix.SYS_SENDMSG: {"sendmsg", -1},
	unix.SYS_UNLINK: {"unlink", 0}, unix.SYS_UNLINKAT: {"unlinkat", 1}, unix.SYS_TRUNCATE: {"truncate", 0},
	unix.SYS_RENAME: {"rename", 1}, unix.SYS_RENAMEAT: {"renameat", 3}, unix.SYS_RENAMEAT2: {"renameat2", 3},
	unix.SYS_LINK: {"link", 1}, unix.SYS_LINKAT: {"linkat", 3}, unix.SYS_MKDIR: {"mkdir", 0}, unix.SYS_MKDIRAT: {"mkdirat", 1},
}

// tracer follows one process and all its threads.
type tracer struct {
	pid    int
	folder string // calls on files elsewhere are ignored
	decide func(call) action
	seen   map[int]bool          // threads that have stopped at least once
	fails  map[int]syscall.Errno // running calls that will return this error
	dies   map[int]bool          // running calls after which the process is killed
}

// traced runs a program and asks decide about each call on folder or a socket.
func traced(t *testing.T, env []string, folder string, decide func(call) action, argv ...string) result {
	t.Helper()
	// A process must be traced by the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	stdout, stderr := scratch(t), scratch(t)
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{
		Env: env, Files: []uintptr{0, stdout.Fd(), stderr.Fd()},
		Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true}, // its own group: wait only for its threads
	})
	if err != nil {
		t.Fatal(err)
	}
	tr := &tracer{pid: pid, folder: folder, decide: decide, seen: map[int]bool{pid: true}, fails: map[int]syscall.Errno{}, dies: map[int]bool{}}
	status, err := tr.follow()
	if err != nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		t.Fatalf("tracing: %v: ptrace must be allowed", err)
	}
	return result{status.ExitStatus(), contents(t, stdout), contents(t, stderr)}
}

func scratch(t *testing.T) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func contents(t *testing.T, f *os.File) string {
	t.Helper()
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// follow continues the process after each stop, until it ends.
func (tr *tracer) follow() (status syscall.WaitStatus, err error) {
	if _, err := syscall.Wait4(tr.pid, &status, unix.WALL, nil); err != nil || !status.Stopped() {
		return status, fmt.Errorf("the first stop: %w", err)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := syscall.PtraceSetOptions(tr.pid, options); err != nil {
		return status, err
	}
	_ = syscall.PtraceSyscall(tr.pid, 0)
	for {
		tid, err := syscall.Wait4(-tr.pid, &status, unix.WALL|unix.WNOTHREAD, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return status, err
		case status.Stopped():
			// The error is ignored: the thread may have been killed meanwhile.
			_ = syscall.PtraceSyscall(tid, int(tr.stopped(tid, status.StopSignal())))
		case tid == tr.pid:
			return status, nil
		}
	}
}

// stopped acts on a stop and returns the signal to deliver.
func (tr *tracer) stopped(tid int, signal syscall.Signal) syscall.Signal {
	const syscallStop = syscall.SIGTRAP | 0x80
	started := !tr.seen[tid]
	tr.seen[tid] = true
	switch {
	case signal == syscallStop:
		tr.syscall(tid)
	case signal == syscall.SIGTRAP, signal == syscall.SIGSTOP && started:
	default:
		return signal
	}
	return 0
}

// callInfo is struct ptrace_syscall_info of <linux/ptrace.h>.
type callInfo struct {
	op     uint8
	_      [3]uint8
	_      uint32
	_, _   uint64
	number uint64
	args   [6]uint64
	_      uint64
}

func (tr *tracer) syscall(tid int) {
	const entry, exit = 1, 2
	var info callInfo
	if _, _, e := syscall.Syscall6(syscall.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0); e != 0 {
		return
	}
	switch info.op {
	case entry:
		if c, ok := tr.call(tid, info); ok {
			tr.apply(tid, tr.decide(c))
		}
	case exit:
		if e := tr.fails[tid]; e != 0 {
			delete(tr.fails, tid)
			tr.setRegisters(tid, func(r *syscall.PtraceRegs) { r.Rax = -uint64(e) })
		}
		if tr.dies[tid] {
			_ = syscall.Kill(tr.pid, syscall.SIGKILL)
		}
	}
}

func (tr *tracer) call(tid int, info callInfo) (call, bool) {
	w, ok := watched[info.number]
	if !ok {
		return call{}, false
	}
	c := call{name: w.name}
	if w.arg >= 0 {
		c.path = tr.text(tid, uintptr(info.args[w.arg]))
	} else {
		c.path, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", tr.pid, int32(info.args[0])))
	}
	if strings.HasPrefix(c.path, "socket:") {
		c.path = "socket"
		return c, true
	}
	return c, c.path == tr.folder || strings.HasPrefix(c.path, tr.folder+"/") || c.path == filepath.Dir(tr.folder)
}

// text reads a path in the memory of the process.
func (tr *tracer) text(tid int, at uintptr) string {
	b := make([]byte, 512)
	n, _ := syscall.PtracePeekData(tid, at, b)
	if end := bytes.IndexByte(b[:n], 0); end >= 0 {
		n = end
	}
	return string(b[:n])
}

func (tr *tracer) apply(tid int, f action) {
	switch {
	case f.kill:
		// A call that has not started when SIGKILL arrives is not made.
		_ = syscall.Kill(tr.pid, syscall.SIGKILL)
	case f.after:
		tr.dies[tid] = true
	case f.errno != 0:
		tr.fails[tid] = f.errno
		tr.setRegisters(tid, func(r *syscall.PtraceRegs) { r.Orig_rax = ^uint64(0) }) // no such call
	}
}

func (tr *tracer) setRegisters(tid int, change func(*syscall.PtraceRegs)) {
	var r syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &r) == nil {
		change(&r)
		_ = syscall.PtraceSetRegs(tid, &r)
	}
}
