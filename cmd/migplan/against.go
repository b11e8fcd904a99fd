package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/plan"
)

// versions are the plan files at a git revision.
type versions struct {
	of      map[string]*view.Against // by the file's path
	removed view.Removed             // plans that only the revision has
}

// against reads the version of each plan file at a git revision.
func (a *app) against(ctx context.Context, args []string, revision string) (*versions, error) {
	if revision == "" || strings.HasPrefix(revision, "-") || strings.ContainsAny(revision, ":\x00\r\n") {
		return nil, usage{fmt.Sprintf("--against %q is not a git revision", revision), "give a commit, a branch or a tag"}
	}
	found, err := sources(args)
	if err != nil {
		return nil, err
	}
	out := &versions{of: map[string]*view.Against{}, removed: view.Removed{Revision: revision}}
	for _, s := range found {
		if info, err := os.Stat(s.file); s.err != nil || err != nil || !info.Mode().IsRegular() {
			continue // it gets a diagnostic
		}
		if out.of[s.file], err = a.fileAt(ctx, s.file, revision); err != nil {
			return nil, err
		}
	}
	for _, arg := range args {
		if info, err := os.Stat(arg); err != nil || !info.IsDir() {
			continue
		}
		if err := a.addRemoved(ctx, arg, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// addRemoved finds the plans that the revision has in a folder and the working
// tree has not.
func (a *app) addRemoved(ctx context.Context, dir string, out *versions) error {
	g := git{dir: dir, env: a.gitEnvironment()}
	list, err := g.run(ctx, "ls-tree", "-r", "-z", "--name-only", out.removed.Revision+"^{commit}")
	if err != nil {
		return noRevision(err, dir, out.removed.Revision)
	}
	for name := range strings.SplitSeq(string(list), "\x00") {
		path := filepath.Join(dir, name)
		if !isPlanName(name) || strings.HasPrefix(name, ".") || strings.Contains(name, "/.") || slices.Contains(out.removed.Files, path) {
			continue
		}
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			out.removed.Files = append(out.removed.Files, path)
		}
	}
	return nil
}

// fileAt reads one plan file at a revision. Links in its path are resolved: git
// would give the link.
func (a *app) fileAt(ctx context.Context, file, revision string) (*view.Against, error) {
	path, err := filepath.EvalSymlinks(file)
	if err != nil {
		return nil, usage{fmt.Sprintf("%s cannot be read: %v", file, reason(err)), "check the path"}
	}
	g := git{dir: filepath.Dir(path), env: a.gitEnvironment()}
	commit, err := g.run(ctx, "rev-parse", "--verify", "--quiet", revision+"^{commit}")
	if err != nil {
		return nil, noRevision(err, file, revision)
	}
	data, err := g.run(ctx, "show", "--no-textconv", "--no-ext-diff", "--end-of-options", strings.TrimSpace(string(commit))+":./"+filepath.Base(path))
	var failed *gitError
	switch {
	case errors.As(err, &failed) && failed.noFile():
		return &view.Against{Revision: revision}, nil
	case err != nil:
		return nil, usage{fmt.Sprintf("git cannot show %s at %s: %v", file, revision, err), "run git show yourself to see why"}
	}
	old, ds := plan.Load(filepath.Base(path), data)
	v := &view.Against{Revision: revision, Old: old}
	for _, d := range ds {
		if d.Severity == plan.Error && old == nil {
			v.Invalid = d.String()
			break
		}
	}
	return v, nil
}

func noRevision(err error, file, revision string) error {
	var failed *gitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return usage{"--against needs git, which is not installed", "install git, or leave --against out"}
	case errors.As(err, &failed) && failed.stderr != "":
		return usage{fmt.Sprintf("git cannot read the repository of %s: %s", file, failed.stderr), "--against needs a plan file in a git repository"}
	}
	return usage{fmt.Sprintf("%q is not a revision in the repository of %s", revision, file), "fetch it first; a shallow clone knows only a few revisions"}
}

// git runs commands that only read, in a folder.
type git struct {
	dir string
	env []string
}

// gitEnvironment has what git needs, and no secret. A GIT_DIR of a hook would be
// relative to another folder. Git must not fetch what a partial clone lacks.
func (a *app) gitEnvironment() []string {
	env := []string{"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=", "GIT_TERMINAL_PROMPT=0"}
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "USER"} {
		if v, ok := a.env(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// gitError is a failed run of git, with what it said.
type gitError struct{ stderr string }

func (e *gitError) Error() string { return e.stderr }

// noFile reports whether the file does not exist at the revision.
func (e *gitError) noFile() bool {
	return strings.Contains(e.stderr, "exists on disk, but not in") || strings.Contains(e.stderr, "does not exist in")
}

// run gives the output of git, at most a byte more than a plan may have.
func (g git) run(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", append([]string{"--no-pager", "-C", g.dir}, args...)...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = g.env, &stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(pipe, plan.MaxSize+1))
	if len(data) > plan.MaxSize {
		cancel() // Load refuses it
		_ = cmd.Wait()
		return data, nil
	}
	if waited := cmd.Wait(); err == nil {
		err = waited
	}
	if err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return nil, &gitError{plan.Printable(first)}
	}
	return data, nil
}
