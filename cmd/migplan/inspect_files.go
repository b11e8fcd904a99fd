package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/migplan/migplan/internal/obs"
	"github.com/migplan/migplan/pkg/backup"
)

// found is a file to be read, or why a path gives none.
type found struct {
	path string
	err  error
	// read gives the backup, and what there is to say about where it is.
	read func(context.Context) (*backup.Media, []backup.Finding, error)
}

// backupFiles expands folders into the files in them, on disk and in OBS, which
// client reaches. A file named twice is one.
func backupFiles(ctx context.Context, args []string, client *obs.Client) (all []found) {
	seen := map[string]bool{}
	for _, arg := range args {
		files := filesOf
		if inBucket(arg) {
			files = func(ctx context.Context, arg string) []found { return objectsOf(ctx, client, arg) }
		}
		for _, f := range files(ctx, arg) {
			if !seen[f.path] {
				seen[f.path] = true
				all = append(all, f)
			}
		}
	}
	return all
}

func filesOf(ctx context.Context, arg string) []found {
	info, err := os.Stat(arg)
	if err != nil || !info.IsDir() {
		return []found{file(arg, err)}
	}
	all := filesIn(ctx, arg)
	if len(all) == 0 {
		return []found{file(arg, usage{"the folder has no file in it", "give a folder with backup files"})}
	}
	return all
}

func file(path string, err error) found {
	path = filepath.Clean(path)
	return found{path, err, func(context.Context) (*backup.Media, []backup.Finding, error) {
		m, err := readMedia(path)
		return m, nil, err
	}}
}

// filesIn walks through a folder. It follows no link to a folder, so it ends.
func filesIn(ctx context.Context, folder string) (all []found) {
	_ = fs.WalkDir(os.DirFS(folder), ".", func(name string, e fs.DirEntry, err error) error {
		path := filepath.Join(folder, name)
		switch {
		case ctx.Err() != nil:
			return fs.SkipAll
		case err != nil:
			all = append(all, file(path, err))
		case name != "." && strings.HasPrefix(e.Name(), "."):
			if e.IsDir() {
				return fs.SkipDir
			}
		case isFile(path, e):
			all = append(all, file(path, nil))
		}
		return nil
	})
	return all
}

// isFile: pipes and devices in a folder are passed over; a link that leads
// nowhere is not.
func isFile(path string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.Type().IsRegular()
	}
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular()
}

// readers is how many files are read at a time.
const readers = 8

// readBackups reads the files, a few at a time, and keeps their order.
func readBackups(ctx context.Context, files []found) ([]backup.Backup, []backup.Finding) {
	out := make([]backup.Backup, len(files))
	said := make([][]backup.Finding, len(files))
	next := make(chan int)
	var all sync.WaitGroup
	for range min(readers, len(files)) {
		all.Go(func() {
			for i := range next {
				out[i], said[i] = readBackup(ctx, files[i])
			}
		})
	}
	for i := range files {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	all.Wait()
	return out, slices.Concat(said...)
}

func readBackup(ctx context.Context, f found) (b backup.Backup, said []backup.Finding) {
	b = backup.Backup{Name: f.path, Err: f.err}
	if b.Err == nil {
		b.Media, said, b.Err = f.read(ctx)
	}
	return b, said
}

func readMedia(path string) (*backup.Media, error) {
	// Opening a pipe would wait for a writer, past every signal.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, usage{"it is not a regular file", "give a backup file or a folder"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	return backup.Read(f, info.Size())
}
