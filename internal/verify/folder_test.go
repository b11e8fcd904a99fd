package verify

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// TestFolder is long because it contains a table.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.bak", "a/b.bak", "a-b/c.bak", ".hidden", ".old/x.bak", "LOG/1.bak"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.bak"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := Folder{Path: dir, Prefix: "prod/"}
	all, err := f.List(t.Context(), "prod/")
	var keys []string
	for _, o := range all {
		keys = append(keys, o.Key)
	}
	if want := []string{"prod/LOG/1.bak", "prod/a-b/c.bak", "prod/a.bak", "prod/a/b.bak"}; err != nil || !slices.Equal(keys, want) {
		t.Errorf("%v %q", err, keys)
	}
	if some, err := f.List(t.Context(), "prod/a/"); err != nil || len(some) != 1 || some[0].Size != 7 {
		t.Errorf("%v %+v", err, some)
	}
	file, err := f.Open(t.Context(), "prod/LOG/1.bak")
	if err != nil || file.Object().Key != "prod/LOG/1.bak" || file.Object().Size != 9 {
		t.Fatal(err, file)
	}
	_ = file.Close()
	for key, want := range map[string]Kind{"prod/none.bak": Missing, "prod/a": Unusable, "prod/pipe.bak": Unusable, "prod/a.bak/x": Missing} {
		if _, err := f.Open(t.Context(), key); KindOf(err) != want {
			t.Errorf("%s: %v is %s, want %s", key, err, KindOf(err), want)
		}
		if _, err := f.Stat(t.Context(), key); KindOf(err) != want {
			t.Errorf("%s: %v is %s, want %s", key, err, KindOf(err), want)
		}
	}
	if _, err := (Folder{Path: filepath.Join(dir, "none")}).List(t.Context(), ""); KindOf(err) != Missing {
		t.Error(err)
	}
}
