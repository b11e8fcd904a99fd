package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/migplan/migplan/internal/view"
)

// source is a file that an argument names.
type source struct {
	file string
	sub  bool  // in a subfolder of an argument
	err  error // of a folder that cannot be read
}

// sources expands folders into the plans in them and their subfolders. A file
// that several paths lead to is one plan, under the first of them.
func sources(args []string) ([]source, error) {
	var all []source
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() {
			all = append(all, source{file: arg}) // an unreadable file gets a diagnostic
			continue
		}
		found, err := plansIn(arg)
		if err != nil {
			return nil, usage{fmt.Sprintf("folder %s cannot be read: %v", arg, reason(err)), "check its permissions"}
		}
		if len(found) == 0 {
			return nil, usage{fmt.Sprintf("folder %s holds no plan", arg),
				"a plan's name ends in .yaml or .yml; hidden folders and symlinks to folders are not searched"}
		}
		all = append(all, found...)
	}
	return distinct(all), nil
}

// plansIn lists the plans in a folder and its subfolders. It follows no symlink
// to a folder, so it ends, and it does not look into hidden folders.
func plansIn(dir string) ([]source, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []source
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			all = append(all, plansBelow(path)...)
		case isPlanName(e.Name()) && !leadsToFolder(path, e):
			all = append(all, source{file: path})
		}
	}
	return all, nil
}

func plansBelow(dir string) []source {
	found, err := plansIn(dir)
	if err != nil {
		return []source{{file: dir, sub: true, err: err}}
	}
	for i := range found {
		found[i].sub = true
	}
	return found
}

func isPlanName(name string) bool {
	ext := strings.ToLower(filepath.Ext(name))
	return ext == ".yaml" || ext == ".yml"
}

func leadsToFolder(path string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// distinct removes files that are listed twice, also through a link. A file that
// an argument names itself, or its folder, is not in a subfolder.
func distinct(all []source) []source {
	var out []source
	seen := foundFiles{byPath: map[string]int{}, alike: map[look][]foundFile{}}
	for _, s := range all {
		info, _ := os.Stat(s.file)
		if i, ok := seen.find(s.file, info); ok {
			out[i].sub = out[i].sub && s.sub
			continue
		}
		seen.add(s.file, info, len(out))
		out = append(out, s)
	}
	return out
}

// foundFiles are those that were found, by path and by what all links to one file have
// in common: os.SameFile compares two files, which is slow for all pairs.
type foundFiles struct {
	byPath map[string]int
	alike  map[look][]foundFile
}

type look struct {
	size     int64
	modified int64
}

type foundFile struct {
	info fs.FileInfo
	at   int
}

func (f foundFiles) find(path string, info fs.FileInfo) (at int, ok bool) {
	if at, ok = f.byPath[filepath.Clean(path)]; ok || info == nil {
		return at, ok
	}
	for _, other := range f.alike[lookOf(info)] {
		if os.SameFile(info, other.info) {
			return other.at, true
		}
	}
	return 0, false
}

func (f foundFiles) add(path string, info fs.FileInfo, at int) {
	f.byPath[filepath.Clean(path)] = at
	if info != nil {
		f.alike[lookOf(info)] = append(f.alike[lookOf(info)], foundFile{info, at})
	}
}

func lookOf(info fs.FileInfo) look { return look{info.Size(), info.ModTime().UnixNano()} }

// withoutNew removes the valid plans in subfolders whose chain has not begun,
// and says so: a folder of old plans must not be started by mistake. It writes
// nothing, and creates no ledger.
func (a *app) withoutNew(ctx context.Context, all []*view.Migration, s *settings) ([]*view.Migration, error) {
	l, _, err := a.readLedger(s)
	if err != nil {
		return nil, err
	}
	if l != nil {
		defer l.Close()
	}
	var kept []*view.Migration
	for _, m := range all {
		if !m.InSubfolder || !m.Valid() {
			kept = append(kept, m)
			continue
		}
		if l != nil {
			if events, err := l.Events(ctx, m.Plan.Chain()); err != nil || len(events) > 0 {
				kept = append(kept, m) // its pass reports an error of the ledger
				continue
			}
		}
		m.WriteSkipped(a.stderr)
	}
	return kept, nil
}
