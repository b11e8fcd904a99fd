// Package executor carries a plan's steps to DRS, each at most once and each
// after its predecessor succeeded. What to do next is decided by pure
// functions of values (Next, Doubt); the rest acts and has no decision in it.
package executor

import (
	"time"
)

// Code is the class of a result and the exit code of the process.
type Code int

// The codes, a contract with whoever calls the command.
const (
	OK          Code = 0
	CodeError   Code = 1
	Invalid     Code = 3
	Failed      Code = 4
	InDoubt     Code = 5
	Conflict    Code = 6
	CutoverHeld Code = 7
	PendingCode Code = 10
	Usage       Code = 64
	TryAgain    Code = 75
	Denied      Code = 77
)

var codeNames = map[Code]string{
	OK: "ok", CodeError: "error", Invalid: "invalid", Failed: "failed", InDoubt: "in-doubt", Conflict: "conflict",
	CutoverHeld: "cutover-held", PendingCode: "pending", Usage: "usage", TryAgain: "try-again", Denied: "denied",
}

// String is the word that JSON output carries.
func (c Code) String() string { return codeNames[c] }

// severity is the order in which the worst of several codes counts.
var severity = []Code{InDoubt, Conflict, Failed, CutoverHeld, Invalid, Denied, Usage, CodeError, TryAgain, PendingCode, OK}

// Worst is the code of several plans together.
func Worst(codes ...Code) Code {
	for _, c := range severity {
		for _, got := range codes {
			if got == c {
				return c
			}
		}
	}
	return OK
}

// Reason says why a pass ended; the command has a sentence for each.
type Reason string

// The reasons of a pass that ended well, or has to wait.
const (
	Online       Reason = "online"        // the cutover succeeded: nothing is left to do
	CheckPending Reason = "check-pending" // the cutover succeeded; the next pass lists the target once more
	NextBackup   Reason = "next-backup"   // every step succeeded, and the chain is open
	JobRunning   Reason = "job-running"   // DRS works on the step
	BeforeStart  Reason = "before-start"  // the cutover's window has not begun
	OursRunning  Reason = "ours-running"  // another job of this ledger runs on the instance
	OnHold       Reason = "on-hold"
	ChainClosed  Reason = "closed" // by a person; Conflict where a step is unsent
)

// The reasons of a pass that found nothing it may do.
const (
	MarkerTooLate    Reason = "marker-too-late"   // Invalid
	PlanInvalid      Reason = "plan-invalid"      // Invalid: the plan's file became invalid or missing during the run
	JobFailed        Reason = "job-failed"        // Failed
	CreateRefused    Reason = "create-refused"    // Failed
	DoubtAsk         Reason = "doubt"             // InDoubt: Why says what forbids to settle it alone
	EditedHistory    Reason = "edited-history"    // Conflict, from here
	PlanShorter      Reason = "plan-shorter"      //
	HistoryGap       Reason = "history-gap"       // a step behind one that was not restored was sent
	OtherIdentity    Reason = "other-identity"    // Detail: what differs
	NameTaken        Reason = "name-taken"        // the plan's name belongs to another target
	DatabaseTaken    Reason = "database-taken"    // Owner: the chain that has one of the plan's databases
	ClosedGeneration Reason = "closed-generation" //
	GenerationBusy   Reason = "generation-busy"   // an older one has a step running or in doubt
	LedgerConflict   Reason = "ledger-conflict"   // the ledger contradicts itself
	LedgerBroken     Reason = "ledger-broken"     // its hashes do not hold
	UnknownJobs      Reason = "unknown-jobs"      // DRS shows jobs of this chain that the ledger does not know
	TwinJobs         Reason = "twin-jobs"         // two jobs for the step in doubt
	JobDiffers       Reason = "job-differs"       // Detail: in what
	JobGone          Reason = "job-gone"          // DRS has not known a running job for 45 minutes
	ForeignJob       Reason = "foreign-job"       // a stranger's job works on our databases
	PlanReplaced     Reason = "plan-replaced"     // the plan's file now holds another migration; Detail: what differs
	NotFailedAnyMore Reason = "not-failed"        // a new attempt, but a job that could be the step's has not failed
	NotSucceeded     Reason = "not-succeeded"     // a job of a step that had succeeded is now shown as failed
	UnknownStatus    Reason = "unknown-status"    // InDoubt: for an hour, a status that no page knows
	CutoverKey       Reason = "cutover-key"       // CutoverHeld, from here
	WindowPast       Reason = "window-past"       //
	OverwriteKey     Reason = "overwrite-key"     //
	APIAway          Reason = "api-away"          // TryAgain, from here
	MayArrive        Reason = "may-arrive"        // an earlier request may still create a job
	StatusSettling   Reason = "status-settling"   // a new attempt waits until an unknown status has stayed the same
	JobMissing       Reason = "job-missing"       // DRS does not know a job, and that is not believed before Until
	Throttled        Reason = "throttled"         // Until: not before
	NotSent          Reason = "not-sent"          // a create could not be sent
	LockHeld         Reason = "lock-held"         //
	LedgerBusy       Reason = "ledger-busy"       // another process keeps it locked
	PlanChanged      Reason = "plan-changed"      // the plan's file was changed during the pass
	Settling         Reason = "settling"          // a doubt that evidence may settle
	StrangerRunning  Reason = "stranger-running"  // a stranger's job on other databases
	NoServerDate     Reason = "no-server-date"    // a window needs the server's clock
	RaceLost         Reason = "race-lost"         // other runs went on first, again and again
	RecordLost       Reason = "record-lost"       // a create was sent, and what came of it could not be written; Detail: the outcome, "" for unknown
	TimeUp           Reason = "time-up"           //
	Stopped          Reason = "stopped"           // by a signal
	AccessDenied     Reason = "denied"            // Denied
	LedgerFailed     Reason = "ledger-failed"     // CodeError, from here
	Broken           Reason = "broken"            // a guard found what must not be
	NotAllowed       Reason = "decision-refused"  // Invalid: a person's decision does not fit
)

// Stop is why a pass ended.
type Stop struct {
	Code   Code
	Reason Reason
	Step   int           // 0 where it is not about a step
	Why    string        // DoubtAsk and others: which of several causes, see the constants
	Jobs   []string      // job ids that it is about
	Detail string        // what was found, in a few words
	Since  time.Time     // JobMissing, JobGone, UnknownStatus: first seen so, by the server's clock
	Until  time.Time     // not before this
	Wait   time.Duration // until then, by the server's clock; of Throttled and Settling
	Err    error         // what a server or the system said: clean it before a terminal
	Owner  *Owner        // DatabaseTaken
}

// WhyOtherKey: a key of this plan was given, and not the one that fits.
const WhyOtherKey = "other-key"

// WhyOtherAct: the key given is that of the cutover for an overwrite, or that
// of the overwrite for a cutover.
const WhyOtherAct = "other-act"

// WhyStillRunning: a chain is not closed while its job runs, nor is a second job
// of a step ignored.
const WhyStillRunning = "still-running"

// WhyUnsettled: a chain is not closed while it is unknown what became of a create.
const WhyUnsettled = "unsettled"

// WhyOnlineBefore: overwrite_unattended does not count after a cutover.
const WhyOnlineBefore = "online-before"

// WhyUnsearched: the run was cut short before it looked for the job in doubt.
const WhyUnsearched = "unsearched"

// WhyOtherCredentials: a person spoke under others than sent the create.
const WhyOtherCredentials = "other-credentials"

// WhyOwnJob: a job that is to be ignored carries the chain's marker or name.
const WhyOwnJob = "own-job"

// WhyEdited: the plan's line of a step is not the one that was sent.
const WhyEdited = "edited"

// WhyTooEarly: a person's word came before the fence.
const WhyTooEarly = "too-early"

// What forbids that a doubt is settled without a person.
const (
	WhyFull        = "full"        // the full backup
	WhyCutover     = "cutover"     // the last backup
	WhyToken       = "token"       // a token outlives every fence that could be trusted
	WhyNoWitness   = "no-witness"  // no job of this chain shows that the listing is whole
	WhyNameExists  = "name-exists" // DRS says that the name exists, and lists no such job
	WhyTwice       = "twice"       // it was believed absent once already
	WhyAsk         = "ask"         // MIGPLAN_SETTLE=ask
	WhyUnaccounted = "unaccounted" // a job appeared that nobody knows
	WhyDateAhead   = "date-ahead"  // the server's Date was once far ahead
	WhyNoDate      = "no-date"     // the intent has no date by the server's clock
)

// Sent says whether a pass may have made a job.
type Sent string

// The values of Sent.
const (
	SentNo    Sent = "no"
	SentYes   Sent = "yes"
	SentMaybe Sent = "maybe"
)

// And is what two passes of one run come to together.
func (s Sent) And(other Sent) Sent {
	for _, most := range []Sent{SentYes, SentMaybe} {
		if s == most || other == most {
			return most
		}
	}
	return SentNo
}

// Change is one thing that a pass did or learnt, in order.
type Change struct {
	Step    int
	What    string // "submitted", "adopted", "succeeded", "failed", "refused", "absent"
	JobName string
	JobID   string
	// NotCompared is what DRS does not show of an adopted job, so that it could
	// not be compared with the step.
	NotCompared []string
}

// Result is the outcome of a pass over one plan.
type Result struct {
	Stop
	Changes []Change
	Sent    Sent
}

// stop is a short way to a Stop about a step.
func stop(code Code, reason Reason, step int) *Stop {
	return &Stop{Code: code, Reason: reason, Step: step}
}

// about is the stop with its step, where it names none.
func (s *Stop) about(seq int) *Stop {
	if s != nil && s.Step == 0 {
		s.Step = seq
	}
	return s
}

// fromError classifies an error of a read: nothing is known, unless the server
// refused who asked.
func fromError(err error) *Stop {
	if refused, ok := asRefused(err); ok && refused.Denied() {
		return &Stop{Code: Denied, Reason: AccessDenied, Err: err}
	}
	return &Stop{Code: TryAgain, Reason: APIAway, Err: err}
}
