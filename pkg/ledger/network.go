package ledger

import (
	"fmt"
	"strings"
)

// refuseNetwork returns an error for a folder on a file system shared over a
// network, whose locks and syncs are not reliable
// (https://www.sqlite.org/lockingv3.html, "How To Corrupt Your Database Files").
func refuseNetwork(dir string) error {
	magic, kind, err := fileSystem(dir)
	if err != nil {
		return fmt.Errorf("the ledger folder %s: %w", dir, err)
	}
	if name := networkName(magic, kind); name != "" {
		return fmt.Errorf("the ledger folder %s is on %s, where the locks of SQLite are not reliable: use a folder on a local disk",
			dir, name)
	}
	return nil
}

const fuseMagic = 0x65735546

// networkName names a network file system by its f_type of statfs(2) and, as
// all of FUSE shares one, its type in /proc/self/mountinfo; "" for a local one.
func networkName(magic uint32, kind string) string {
	switch magic {
	case 0x6969:
		return "NFS"
	case 0x517b, 0xff534d42, 0xfe534d42:
		return "SMB"
	case 0x5346414f, 0x6b414653:
		return "AFS"
	case 0x73757245:
		return "Coda"
	case 0x00c36400:
		return "Ceph"
	case 0x01021997:
		return "9P"
	case 0x0bd00bd0:
		return "Lustre"
	case 0x47504653:
		return "GPFS"
	case 0x19830326:
		return "BeeGFS"
	case fuseMagic:
		return networkFUSE(kind)
	}
	return ""
}

// networkFUSE knows the few that are layers over a local disk. All others count
// as network file systems: GlusterFS, sshfs and object stores are among them.
func networkFUSE(kind string) string {
	switch kind {
	case "fuseblk", "fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.encfs", "fuse.bindfs":
		return ""
	case "":
		return "a FUSE file system"
	}
	return "the FUSE file system " + strings.TrimPrefix(kind, "fuse.")
}

// memoryName names a file system that is empty after a restart, "" for others.
func memoryName(magic uint32) string {
	switch magic {
	case 0x01021994:
		return "tmpfs"
	case 0x858458f6:
		return "ramfs"
	}
	return ""
}

// kindOf finds the type of a device, "major:minor", in mountinfo. See
// proc_pid_mountinfo(5): the device is field 3, the type comes after " - ".
func kindOf(mounts, device string) string {
	for line := range strings.Lines(mounts) {
		before, after, _ := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if len(f) > 2 && f[2] == device && len(g) > 0 {
			return g[0]
		}
	}
	return ""
}
