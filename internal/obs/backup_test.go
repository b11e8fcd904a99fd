package obs

import (
	"testing"

	"github.com/migplan/migplan/pkg/backup"
)

// An error of the bucket must be reported through the reader of backup
// files: io.EOF in it would make it a file that is cut short.
func TestBackupReaderKeepsTheKindOfAnError(t *testing.T) {
	f := newFake(t, false)
	_, r := opened(t, f, 1<<20)
	f.objects["k"].etag = "ffff"
	_, err := backup.Read(r, r.Size())
	wantKind(t, err, Changed)
	f.Close()
	_, err = backup.Read(r, r.Size())
	wantKind(t, err, Unavailable)
}
