package backup

import (
	"errors"
	"fmt"
)

// Reason says why a file could not be read as a backup.
type Reason string

// The reasons. Only Encrypted and Unsupported are files that SQL Server may
// well restore.
const (
	Empty       Reason = "empty"        // it has no byte, or only zeros
	NotBackup   Reason = "not-a-backup" // it is something else
	Truncated   Reason = "truncated"    // it ends before its first backup set is described
	Damaged     Reason = "damaged"      // a structure in it breaks the format
	Encrypted   Reason = "encrypted"    // WITH ENCRYPTION: nothing can be read without the certificate's private key
	Unsupported Reason = "unsupported"  // a compression or container that this package does not read
	TooMuch     Reason = "too-much"     // it claims more than this package reads of one file
)

// UnreadableError is a file in which no backup set could be read. Errors of
// the io.ReaderAt are not of this type: they say nothing about the file.
type UnreadableError struct {
	Reason Reason
	Detail string // a sentence without its subject, for example "looks like gzip"
}

func (e *UnreadableError) Error() string {
	what := map[Reason]string{
		Empty:       "empty file",
		NotBackup:   "not a SQL Server backup",
		Truncated:   "truncated, or still being written",
		Damaged:     "damaged backup",
		Encrypted:   "encrypted backup",
		Unsupported: "unsupported backup",
		TooMuch:     "unreadable backup",
	}[e.Reason]
	if e.Detail == "" {
		return what
	}
	return what + ": " + e.Detail
}

func unreadable(r Reason, format string, args ...any) error {
	return &UnreadableError{Reason: r, Detail: fmt.Sprintf(format, args...)}
}

// Errors of parsing. explain makes an UnreadableError of them.
var (
	errPastEnd = errors.New("it goes past the end of the file")
	errLimit   = errors.New("more than is read of one file")
)

// explain turns an error of parsing into one for the caller.
func explain(err error, while string) error {
	var told *UnreadableError
	var failed *readError
	switch {
	case errors.As(err, &told) || errors.As(err, &failed):
		return err
	case errors.Is(err, errPastEnd):
		return unreadable(Truncated, "it ends inside %s", while)
	case errors.Is(err, errLimit):
		return unreadable(TooMuch, "%s: %v", while, err)
	}
	return unreadable(Damaged, "%s: %v", while, err)
}
