package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// holder is who holds a lock, as far as is known.
type holder struct {
	User  string    `json:"user"`
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// LockedError says that another run works on the target instance.
type LockedError struct {
	instanceID string
	path       string // of the lock file
	holder     holder // zero when the file does not say
}

func (e *LockedError) Error() string {
	who := "another process"
	if h := e.holder; h != (holder{}) {
		who = fmt.Sprintf("%s on %s, process %d, since %s", h.User, h.Host, h.PID, h.Since.Format(time.RFC3339))
	}
	return fmt.Sprintf("target instance %s is locked by %s (%s)", e.instanceID, who, e.path)
}

// Lock keeps other runs away from one target instance until Unlock or the end
// of the process. That a step is sent once does not depend on it, only on Append.
type Lock struct {
	release func() error
	held    func(context.Context) error
}

// Held returns an error unless this run still holds the lock: a server ends it
// with its connection, and a person may remove its file. Another run may have it
// then. A deadline of ctx bounds the question; a cancelled ctx does not stop it.
func (l *Lock) Held(ctx context.Context) error {
	if l.release == nil {
		return errNotHeld
	}
	return l.held(ctx)
}

// errNotHeld says that a run does not hold a lock, or no longer.
var errNotHeld = errors.New("this run no longer holds the lock of the target")

// Unlock releases the lock; a second call does nothing.
func (l *Lock) Unlock() error {
	release := l.release
	l.release = nil
	if release == nil {
		return nil
	}
	return release()
}

const lockPoll = 50 * time.Millisecond

// Lock takes the lock of a target instance. While another run holds it, it
// tries again until wait has passed, and then returns a *LockedError.
func (l *Ledger) Lock(ctx context.Context, instanceID string, wait time.Duration) (*Lock, error) {
	if l.locker == nil {
		return nil, fmt.Errorf("%s: %w", l.path, errReadOnly)
	}
	for deadline := time.Now().Add(wait); ; {
		lock, err := l.locker.try(ctx, instanceID, currentHolder())
		var locked *LockedError
		left := time.Until(deadline)
		if !errors.As(err, &locked) || left <= 0 {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ctx.Err(), locked)
		case <-time.After(min(lockPoll, left)):
		}
	}
}

func currentHolder() holder {
	h := holder{User: strconv.Itoa(os.Getuid()), PID: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second)}
	if u, err := user.Current(); err == nil {
		h.User = u.Username
	}
	h.Host, _ = os.Hostname()
	return h
}

// locker tries once, and returns a *LockedError when the lock is held.
type locker interface {
	try(ctx context.Context, instanceID string, me holder) (*Lock, error)
}

// fileLocker locks files in a folder. The kernel releases a lock with the
// process. Who holds one removes its file before it releases it, and who gets
// one makes sure that the file was not removed meanwhile: of two runs that lock
// two files of one name, one holds the file that has the name.
type fileLocker struct{ dir string }

// lockName is a hash, so that no id can name a file in another folder.
func lockName(instanceID string) string {
	sum := sha256.Sum256([]byte(instanceID))
	return "instance-" + hex.EncodeToString(sum[:8]) + ".lock"
}

func (l fileLocker) try(_ context.Context, instanceID string, me holder) (*Lock, error) {
	path := filepath.Join(l.dir, lockName(instanceID))
	for range maxRemoved {
		f, err := l.open(path, instanceID)
		if err != nil {
			return nil, err
		}
		if f == nil {
			continue
		}
		writeHolder(path, me)
		return &Lock{release: func() error { return l.release(f, path) }, held: func(context.Context) error {
			if !hasName(f, path) {
				return fmt.Errorf("%w: its file %s was removed", errNotHeld, path)
			}
			return nil
		}}, nil
	}
	return nil, &LockedError{instanceID, path, readHolder(path)}
}

// release removes the file, unless another run has made one of that name after a
// person had removed it. A file that stays does no harm.
func (l fileLocker) release(f *flock.Flock, path string) error {
	if hasName(f, path) {
		_ = os.Remove(path)
	}
	return f.Unlock()
}

// maxRemoved is how often a file may be removed while it is being locked: each
// time another run has had the lock.
const maxRemoved = 100

// open locks the file at path, or returns nil where it was removed meanwhile.
func (l fileLocker) open(path, instanceID string) (*flock.Flock, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, notRegular(path, info.Mode())
	}
	f := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o600))
	switch ok, err := f.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("locking target instance %s: %w: %s", instanceID, err, fileRemedy(err))
	case !ok:
		return nil, &LockedError{instanceID, path, readHolder(path)}
	}
	if err := checkOpened(path, f.Stat); err != nil {
		return nil, errors.Join(err, f.Unlock())
	}
	if !hasName(f, path) {
		return nil, f.Unlock()
	}
	return f, nil
}

func hasName(f *flock.Flock, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(mine, named)
}

// writeHolder is only for the message of a run that finds the lock taken. Where
// it cannot be written, on a full disk for example, the lock still holds.
func writeHolder(path string, h holder) {
	b, err := json.Marshal(h)
	if err != nil {
		return
	}
	f, err := openRegular(path, os.O_WRONLY)
	if err != nil {
		return
	}
	defer f.Close()
	if f.Truncate(0) == nil {
		_, _ = f.Write(append(b, '\n'))
	}
}

func readHolder(path string) (h holder) {
	b, err := readRegular(path)
	if err != nil || json.Unmarshal(b, &h) != nil {
		return holder{}
	}
	return h
}

// memoryLocker does the same for the users of one ledger in memory.
type memoryLocker struct {
	mu   sync.Mutex
	held map[string]holder
}

func newMemoryLocker() *memoryLocker { return &memoryLocker{held: map[string]holder{}} }

func (l *memoryLocker) try(_ context.Context, instanceID string, me holder) (*Lock, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h, ok := l.held[instanceID]; ok {
		return nil, &LockedError{instanceID, memoryPath, h}
	}
	l.held[instanceID] = me
	return &Lock{held: func(context.Context) error { return nil }, release: func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.held, instanceID)
		return nil
	}}, nil
}
