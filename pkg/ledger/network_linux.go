package ledger

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// fileSystem returns the magic number of the file system that dir is on, and
// for FUSE its type.
func fileSystem(dir string) (magic uint32, kind string, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, "", err
	}
	magic = uint32(st.Type) // the width of the field differs between processors
	if magic == fuseMagic {
		kind = mountKind(dir)
	}
	return magic, kind, nil
}

func mountKind(dir string) string {
	var st unix.Stat_t
	if unix.Stat(dir, &st) != nil {
		return ""
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	dev := uint64(st.Dev)
	return kindOf(string(mounts), fmt.Sprintf("%d:%d", unix.Major(dev), unix.Minor(dev)))
}
