package executor

import (
	"errors"
	"fmt"
	"time"

	"github.com/migplan/migplan/pkg/ledger"
)

// Class says how a pass ended, for whoever runs the command. It follows from
// the Reason alone.
type Class string

// The classes. Each is a contract with scripts that read it.
const (
	OK          Class = "ok"           // done, progress, or waiting
	Invalid     Class = "invalid"      // the plan, or a person's decision, is not valid
	Failed      Class = "failed"       // DRS says that the job failed, or refused the request
	InDoubt     Class = "in-doubt"     // a person must settle the outcome of a request
	Conflict    Class = "conflict"     // plan, ledger and DRS disagree
	CutoverHeld Class = "cutover-held" // the next step needs a confirmation, or its window is over
	TryAgain    Class = "try-again"    // nothing could be done safely now
	Denied      Class = "denied"       // the credentials were refused
	ClassError  Class = "error"        // the ledger cannot be used, or a bug
)

// Reason says why a pass ended. The values are part of the JSON output.
type Reason string

// The reasons. Reason.Class gives the class of each.
const (
	Recorded            Reason = ""                      // a person's decision was recorded
	Online              Reason = "online"                // the cutover succeeded: nothing is left to do
	CheckPending        Reason = "check-pending"         // the cutover succeeded; the next pass lists the target once more
	NextBackup          Reason = "next-backup"           // every step succeeded, and the chain is open
	JobRunning          Reason = "job-running"           // DRS works on the step
	BeforeStart         Reason = "before-start"          // the cutover's window has not begun
	OwnJobRunning       Reason = "own-job-running"       // another job of this ledger runs on the instance
	OnHold              Reason = "on-hold"               // a person put the plan on hold
	ChainClosed         Reason = "closed"                // a person closed the chain, and every step had succeeded
	MarkerTooLate       Reason = "marker-too-late"       // the cutover marker follows a step that was sent without it
	PlanInvalid         Reason = "plan-invalid"          // the plan's file became invalid or missing during the run
	NotAllowed          Reason = "decision-refused"      // a person's decision does not fit; Why says in what
	JobFailed           Reason = "job-failed"            // DRS says that the step's job failed
	CreateRefused       Reason = "create-refused"        // DRS refused the request
	DoubtNeedsPerson    Reason = "doubt"                 // Why says what forbids to settle it without a person
	UnknownStatus       Reason = "unknown-status"        // for an hour, a status that the documentation does not list
	EditedHistory       Reason = "edited-history"        // a step was edited after it was sent
	PlanShorter         Reason = "plan-shorter"          // the plan lacks a step that was sent
	HistoryGap          Reason = "history-gap"           // a step was sent although one before it was not restored
	OtherIdentity       Reason = "other-identity"        // Why and Differs: what differs
	NameTaken           Reason = "name-taken"            // the plan's name belongs to another target
	DatabaseTaken       Reason = "database-taken"        // Owner: the chain that has one of the plan's databases
	ChainUnfinished     Reason = "closed-unfinished"     // a person closed the chain, and a step was not sent
	ClosedGeneration    Reason = "closed-generation"     // a higher generation of the plan exists
	GenerationBusy      Reason = "generation-busy"       // an older generation has a step running or in doubt
	LedgerConflict      Reason = "ledger-conflict"       // the ledger contradicts itself
	LedgerBroken        Reason = "ledger-broken"         // its hashes do not match
	UnknownJobs         Reason = "unknown-jobs"          // DRS shows jobs of this chain that the ledger does not know
	DuplicateJobs       Reason = "duplicate-jobs"        // two jobs for one step
	JobDiffers          Reason = "job-differs"           // Differs: in what
	JobGone             Reason = "job-gone"              // DRS has not known a running job for 45 minutes
	ForeignJob          Reason = "foreign-job"           // a job that is not ours works on our databases
	PlanReplaced        Reason = "plan-replaced"         // the plan's file now holds another migration; Differs: in what
	NotFailed           Reason = "not-failed"            // a new attempt, but a job that could be the step's has not failed
	NotSucceeded        Reason = "not-succeeded"         // a job of a step that had succeeded is now shown as failed
	CutoverKey          Reason = "cutover-key"           // the cutover is not confirmed
	OverwriteKey        Reason = "overwrite-key"         // the overwrite is not confirmed
	WindowPast          Reason = "window-past"           // Why: by which clock
	NewerBackup         Reason = "newer-backup"          // the bucket has a backup that was taken after the plan's last one
	NoTailLog           Reason = "no-tail-log"           // the last backup is not proved to be the tail-log backup that the plan requires
	FileChanged         Reason = "file-changed"          // a file of the step is not the one that was locked
	FileNotLocked       Reason = "file-not-locked"       // the plan's lock cannot be used, or lacks a file of the step
	FilesDenied         Reason = "files-denied"          // the credentials do not allow looking at a file of a locked plan
	FilesUnavailable    Reason = "files-unavailable"     // the backup files could not be looked at
	APIUnavailable      Reason = "api-unavailable"       // DRS gave no answer that can be used
	RequestMayArrive    Reason = "request-may-arrive"    // an earlier request may still create a job
	StatusSettling      Reason = "status-settling"       // a new attempt waits until an unknown status has stayed the same
	JobMissing          Reason = "job-missing"           // DRS does not know a job; it counts as missing only from Until
	Throttled           Reason = "throttled"             // DRS asks for fewer requests; not before Until
	NotSent             Reason = "not-sent"              // a create could not be sent
	LockHeld            Reason = "lock-held"             // another run works on the target
	LockLost            Reason = "lock-lost"             // this run no longer holds the lock on the target
	LedgerBusy          Reason = "ledger-busy"           // another process keeps the ledger locked
	LedgerUnavailable   Reason = "ledger-unavailable"    // the server of the ledger gave no answer
	PlanChanged         Reason = "plan-changed"          // the plan's file was changed during the pass
	Settling            Reason = "settling"              // a doubt that evidence may settle
	ForeignJobElsewhere Reason = "foreign-job-elsewhere" // a job that is not ours works on other databases
	NoServerDate        Reason = "no-server-date"        // a window needs the server's clock
	RaceLost            Reason = "race-lost"             // other runs wrote to the ledger first, each time
	RecordLost          Reason = "record-lost"           // the outcome of a create could not be written; Detail: the outcome, "" for unknown
	TimeUp              Reason = "time-up"               // the run's time is over
	Stopped             Reason = "stopped"               // by a signal
	AccessDenied        Reason = "denied"                // DRS refused the credentials
	LedgerFailed        Reason = "ledger-failed"         // the ledger cannot be used
	Broken              Reason = "broken"                // the final check before sending failed
)

// reasons are the reasons of each class.
var reasons = map[Class][]Reason{
	OK:      {Recorded, Online, CheckPending, NextBackup, JobRunning, BeforeStart, OwnJobRunning, OnHold, ChainClosed},
	Invalid: {MarkerTooLate, PlanInvalid, NotAllowed, FileNotLocked},
	Failed:  {JobFailed, CreateRefused},
	InDoubt: {DoubtNeedsPerson, UnknownStatus},
	Conflict: {
		EditedHistory, PlanShorter, HistoryGap, OtherIdentity, NameTaken, DatabaseTaken, ChainUnfinished, ClosedGeneration, GenerationBusy,
		LedgerConflict, LedgerBroken, UnknownJobs, DuplicateJobs, JobDiffers, JobGone, ForeignJob, PlanReplaced, NotFailed, NotSucceeded, FileChanged,
	},
	CutoverHeld: {CutoverKey, OverwriteKey, WindowPast, NewerBackup, NoTailLog},
	TryAgain: {
		APIUnavailable, RequestMayArrive, StatusSettling, JobMissing, Throttled, NotSent, LockHeld, LockLost, LedgerBusy, LedgerUnavailable, PlanChanged,
		Settling, ForeignJobElsewhere, NoServerDate, RaceLost, RecordLost, TimeUp, Stopped, FilesUnavailable,
	},
	Denied:     {AccessDenied, FilesDenied},
	ClassError: {LedgerFailed, Broken},
}

// Class is the class of a reason; ClassError for one that is not declared here.
func (r Reason) Class() Class {
	for class, all := range reasons {
		for _, known := range all {
			if r == known {
				return class
			}
		}
	}
	return ClassError
}

// Stop is why a pass ended. It is the error of what a pass does: an error that
// is no Stop is one of the ledger.
type Stop struct {
	Reason Reason
	Step   int              // 0 where it is not about a step
	Why    Why              // which of several causes; the zero value where there is only one
	State  ledger.StepState // NotAllowed: the state of the step, or of OtherStep, that does not fit
	// OtherStep is a second step that it is about, 0 for none.
	OtherStep int
	Jobs      []string      // job ids that it is about
	Detail    string        // what was found: a status, a name, a value
	Differs   *Difference   // JobDiffers, OtherIdentity, NameTaken, PlanReplaced: the first value that differs
	Objects   []string      // NewerBackup: keys
	Since     time.Time     // JobMissing, JobGone, UnknownStatus: first seen so, by the server's clock
	Until     time.Time     // not before this
	Wait      time.Duration // until then, by the server's clock; of Throttled and Settling
	Err       error         // what a server or the system said: clean it before a terminal
	Owner     *Owner        // DatabaseTaken
}

// Class is the class of the stop's reason.
func (s Stop) Class() Class { return s.Reason.Class() }

// Error names the reason and the step.
func (s *Stop) Error() string {
	if s.Step == 0 {
		return string(s.Reason)
	}
	return fmt.Sprintf("step %d: %s", s.Step, s.Reason)
}

// err is the stop as an error, nil for none: a nil *Stop in an error would not
// be nil.
func (s *Stop) err() error {
	if s == nil {
		return nil
	}
	return s
}

// asStop finds the stop in an error of a pass; other errors are the ledger's. A
// nil *Stop in an error is none.
func asStop(err error) (*Stop, bool) {
	var s *Stop
	ok := errors.As(err, &s) && s != nil
	return s, ok
}

// stop is a short way to a Stop about a step.
func stop(reason Reason, step int) *Stop {
	return &Stop{Reason: reason, Step: step}
}

// ledgerConflict is the stop for a step that has two jobs in the ledger.
func ledgerConflict(c *ledger.SecondJob) *Stop {
	return &Stop{Reason: LedgerConflict, Step: c.Step, Jobs: []string{c.JobID}}
}

// aboutStep names the step in a stop that names none.
func aboutStep(err error, seq int) error {
	if s, ok := asStop(err); ok && s.Step == 0 {
		s.Step = seq
	}
	return err
}

// fromError classifies an error of a read: nothing is known, unless the server
// refused the credentials.
func fromError(err error) *Stop {
	if refused, ok := asRefused(err); ok && refused.Denied() {
		return &Stop{Reason: AccessDenied, Err: err}
	}
	return &Stop{Reason: APIUnavailable, Err: err}
}
