package executor

// Why says which of several causes a Reason has.
type Why string

// CutoverKey and OverwriteKey: why the confirmation does not count.
const (
	WhyOtherKey     Why = "other-key"     // a key of this plan was given, and not the one that fits
	WhyOtherAct     Why = "other-act"     // the key is that of the cutover for an overwrite, or the other way round
	WhyOnlineBefore Why = "online-before" // an overwrite without a person does not count after a cutover
)

// WindowPast: by which clock the window is over.
const (
	WhyLocalClock  Why = "local-clock"
	WhyServerClock Why = "server-clock"
)

// EditedHistory: WhyOverwriteChanged says that not the step but overwrite was
// edited.
const WhyOverwriteChanged Why = "overwrite-changed"

// WhyLocked: of FilesUnavailable, the plan has a lock, so its files are looked
// at before each step and not only before the cutover.
const WhyLocked Why = "locked"

// OtherIdentity: what is not as it was when the chain was opened.
const (
	WhyRegion            Why = "region"
	WhyEnterpriseProject Why = "enterprise-project"
	WhyEndpoint          Why = "endpoint"
	WhyCredentials       Why = "credentials" // the only one that AdoptAll renews
)

// APIUnavailable: what was wrong with an answer that DRS gave.
const (
	WhyListIncomplete  Why = "list-incomplete"  // by its count, the listing of the target leaves something out
	WhyListStale       Why = "list-stale"       // the listing was older than a minute before it could be used
	WhyListLacksJob    Why = "list-lacks-job"   // Jobs: the one that the ledger knows
	WhyListContradicts Why = "list-contradicts" // Jobs: the one; Detail: its status in the list
	WhyJobUnread       Why = "job-unread"       // Jobs: the one that may be the step's
)

// Settling: what the doubt waits for, where that is not the evidence.
const (
	WhyCreateDenied Why = "create-denied" // a create was refused, not a query
	WhyUnsearched   Why = "unsearched"    // the run was cut short before it looked for the job
	WhyTooEarly     Why = "too-early"     // a person decided before the fence
	WhyEmptyList    Why = "empty-list"    // a person decided, and one empty list is all that supports it
)

// DoubtNeedsPerson: what forbids that a doubt is settled without a person.
const (
	WhyFull        Why = "full"         // it is the full backup
	WhyCutover     Why = "cutover"      // it is the last backup
	WhyToken       Why = "token"        // a token outlives every fence that could be trusted
	WhyNoKnownJob  Why = "no-known-job" // no job of this chain shows that the listing is whole
	WhyNameExists  Why = "name-exists"  // DRS says that the name exists, and lists no such job
	WhyTwice       Why = "twice"        // it already counted as absent once
	WhyAsk         Why = "ask"          // the setting that asks a person
	WhyUnaccounted Why = "unaccounted"  // Jobs: new ones that no ledger knows
	WhyDateAhead   Why = "date-ahead"   // the server's Date was once far ahead
	WhyNoDate      Why = "no-date"      // the intent has no date by the server's clock
)

// NotAllowed: why a person's decision does not fit.
const (
	WhyNoSuchStep       Why = "no-such-step"      // the plan has no such step
	WhyUnknownPlan      Why = "unknown-plan"      // the ledger holds nothing of this plan; it may be the wrong one
	WhyClosed           Why = "closed"            // the chain is closed
	WhyHeldAlready      Why = "held-already"      // the plan is on hold already
	WhyNotHeld          Why = "not-held"          // the plan is not on hold
	WhyNothingSent      Why = "nothing-sent"      // the ledger holds nothing that this generation sent
	WhyNothingListed    Why = "nothing-listed"    // DRS lists no job of the plan
	WhyNotFailed        Why = "not-failed"        // State: a retry follows a step that failed or was refused
	WhyNotInDoubt       Why = "not-in-doubt"      // State
	WhyNotAdoptable     Why = "not-adoptable"     // State: a job is adopted for a step in doubt or pending
	WhyStateKnown       Why = "state-known"       // State: its outcome is already known
	WhyStepBefore       Why = "step-before"       // OtherStep is not succeeded; State
	WhyEdited           Why = "edited"            // the plan's line of the step is not the one that was sent
	WhyOtherCredentials Why = "other-credentials" // Detail: who sent the create
	WhyUnsettled        Why = "unsettled"         // the outcome of a create is unknown
	WhyJobGone          Why = "job-gone"          // Jobs: DRS does not know the running one
	WhyJobNotFound      Why = "job-not-found"     // Jobs: DRS does not know it
	WhyJobKnown         Why = "job-known"         // Jobs: it is OtherStep's in the ledger
	WhyJobOlder         Why = "job-older"         // Jobs: it was listed before the create was sent
	WhyJobOfChain       Why = "job-of-chain"      // Jobs: it carries another chain's marker; Detail: which
	WhyJobOfStep        Why = "job-of-step"       // Jobs: it carries the marker of OtherStep
	WhyJobOfPlan        Why = "job-of-plan"       // Jobs: it belongs to another plan of this ledger
	WhyOwnJob           Why = "own-job"           // Jobs: it carries the chain's marker or name, and may have restored the step
	WhyOwnJobRunning    Why = "own-job-running"   // Jobs: it carries the chain's marker or name; Detail: its status
	WhyStillRunning     Why = "still-running"     // Jobs: the step's; Detail: its status
	WhyOtherRunning     Why = "other-running"     // Jobs: another of the plan
	WhyJobNotFailed     Why = "job-not-failed"    // Jobs; Detail: its status
	WhyJobShown         Why = "job-shown"         // Jobs: the next pass follows it; Detail: its status
	WhyJobListed        Why = "job-listed"        // Jobs: it says that it is the step's
)
