//go:build unix

package ledger

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// noFollow opens no symlink, and does not wait for the other end of a FIFO.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// links is how many names a file has.
func links(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Nlink)
	}
	return 1
}

// checkPrivate refuses a folder in which others can replace the ledger, or put
// a journal beside it. The sticky bit does not prevent the latter.
func checkPrivate(dir string, info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("others can write the ledger folder %s (mode %04o): `chmod go-w %s`, or name a new folder inside it", dir, mode, dir)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if me := os.Geteuid(); ok && st.Uid != 0 && int(st.Uid) != me {
		return fmt.Errorf("the ledger folder %s belongs to user id %d, and migplan runs as %d: run as that user, or name another folder", dir, st.Uid, me)
	}
	return nil
}
