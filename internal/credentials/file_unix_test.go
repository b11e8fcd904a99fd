//go:build unix

package credentials

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Opening a pipe without a writer would wait forever.
func TestPipeAsTokenFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := tryResolve(t, Options{Env: environ(map[string]string{"MIGPLAN_AUTH_TOKEN_FILE": path})})
	wantKind(t, err, Setting)
}
