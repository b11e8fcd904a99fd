package ledger

import (
	"os"
	"testing"
)

func TestVolatileReportsTmpfs(t *testing.T) {
	const shm = "/dev/shm"
	if magic, _, err := fileSystem(shm); err != nil || memoryName(magic) != "tmpfs" {
		t.Skip("no tmpfs on /dev/shm")
	}
	dir, err := os.MkdirTemp(shm, "migplan-test-")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(dir)
	if got := mustOpen(t, dir).Volatile(); got != "tmpfs" {
		t.Errorf("got %q", got)
	}
	for magic, want := range map[uint32]string{0x01021994: "tmpfs", 0x858458f6: "ramfs", 0xef53: "", 0x794c7630: ""} {
		if got := memoryName(magic); got != want {
			t.Errorf("%#x: got %q, want %q", magic, got, want)
		}
	}
}
