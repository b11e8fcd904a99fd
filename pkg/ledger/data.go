package ledger

import (
	"encoding/json"
	"fmt"
	"time"
)

// OpenedData is the identity of a chain: who continues it must have the same.
type OpenedData struct {
	Plan                string   `json:"plan"`
	Generation          int      `json:"generation"`
	Region              string   `json:"region"`
	ProjectID           string   `json:"project_id"`
	InstanceID          string   `json:"instance_id"`
	EnterpriseProjectID string   `json:"enterprise_project_id,omitempty"`
	Endpoint            string   `json:"endpoint"`
	Principal           string   `json:"principal"`
	Baseline            []string `json:"baseline,omitempty"` // old events: ids of all jobs already on the target
	// ListedUnknown are ids of the jobs already on the target, without those
	// that the ledger knew.
	ListedUnknown []string `json:"listed_unknown,omitempty"`
	Databases              // none in a chain that an older migplan opened
}

// Databases are those that a chain works on, on its target.
type Databases struct {
	Names []string `json:"databases,omitempty"`     // after a rename, as they are written
	Keys  []string `json:"database_keys,omitempty"` // the same, in the form in which they are compared
	All   bool     `json:"all_databases,omitempty"` // all that the backups hold
}

// ClosedData names the generation that has taken over.
type ClosedData struct {
	By         string `json:"by"` // its chain
	Generation int    `json:"generation"`
}

// IntentData is a create that is about to be sent.
type IntentData struct {
	JobName     string    `json:"job_name"`
	Body        string    `json:"body"`
	BodySHA256  string    `json:"body_sha256"`
	ChainSHA256 string    `json:"chain_sha256"`
	Last        bool      `json:"last"`
	SignedAt    time.Time `json:"signed_at"` // the date of the signature, by the server's clock
	// FenceUntil is when, by the server's clock, a request without an answer
	// can no longer become a job; AnsweredFenceUntil, one with an answer.
	FenceUntil         time.Time `json:"fence_until"`
	AnsweredFenceUntil time.Time `json:"answered_fence_until"`
	TokenAuth          bool      `json:"token_auth,omitempty"`
	Principal          string    `json:"principal"`
	Listed             []string  `json:"listed,omitempty"` // old events: all ids on the target when this was decided
	// ListedUnknown are the ids on the target when this was decided, without
	// those that the ledger knew: see State.KnownAt.
	ListedUnknown []string `json:"listed_unknown,omitempty"`
}

// OutcomeData is the result of an intent, or the answer to it.
type OutcomeData struct {
	Intent      int64  `json:"intent"`     // Seq of the intent; 0 for a job adopted without one
	IntentRun   string `json:"intent_run"` // Run of the intent
	JobID       string `json:"job_id,omitempty"`
	ChainSHA256 string `json:"chain_sha256,omitempty"` // adopted without an intent
	Last        bool   `json:"last,omitempty"`         // adopted without an intent
	IsCover     *bool  `json:"is_cover,omitempty"`     // adopted without an intent: as DRS shows it; absent where it does not
	StatusCode  int    `json:"status_code,omitempty"`
	Code        string `json:"code,omitempty"`
	Message     string `json:"message,omitempty"`
	RequestID   string `json:"request_id,omitempty"`
	// NotBefore: no create before this, by the server's clock: throttled, or
	// adopted by a person while the intent's own request may still arrive.
	NotBefore time.Time     `json:"not_before,omitzero"`
	Evidence  string        `json:"evidence,omitempty"` // absent: the evidence for it
	Decision  *DecisionData `json:"decision,omitempty"` // adopted by a person
	Databases               // adopted without an intent
}

// SearchedData is one listing of the target, to find the job of a create in
// doubt.
type SearchedData struct {
	Intent int64     `json:"intent"`
	Date   time.Time `json:"date"`          // the server's clock
	IDs    []string  `json:"ids,omitempty"` // old events: all jobs seen
	Count  int       `json:"count"`         // how many jobs were seen
	// ListedUnknown are the ids of the jobs seen, without those that the ledger
	// knew.
	ListedUnknown []string `json:"listed_unknown,omitempty"`
	NewestJob     string   `json:"witness"` // the newest job that the ledger knows here, seen in this listing
	Principal     string   `json:"principal"`
}

// IsEmpty reports whether the listing showed no job at all: nothing in it shows
// that it was complete.
func (d SearchedData) IsEmpty() bool { return d.Count == 0 && len(d.IDs) == 0 }

// FinishedData is the end of a job as DRS showed it.
type FinishedData struct {
	JobID    string    `json:"job_id"`
	Status   string    `json:"status"` // as DRS spells it
	ErrorLog string    `json:"error_log,omitempty"`
	Finished time.Time `json:"finished,omitzero"` // as DRS says
	// CheckPending: this was the cutover, and the target is listed once more
	// before the plan counts as online.
	CheckPending bool `json:"check_pending,omitempty"`
}

// SightData is what DRS showed of a job that could be the step's.
type SightData struct {
	JobID  string    `json:"job_id"`
	Status string    `json:"status,omitempty"` // unknown: as DRS spells it
	Date   time.Time `json:"date"`             // the server's clock
}

// CheckedData is the listing after the cutover.
type CheckedData struct {
	Date time.Time `json:"date"` // the server's clock, zero where it gave none
}

// MovedData is a change of the database server that keeps the ledger.
type MovedData struct {
	From string `json:"from"` // its system identifier and timeline
	To   string `json:"to"`
	// NotBefore: no create before this, by the server's clock: by then, each
	// request whose event was lost has become a job, and is listed.
	NotBefore time.Time `json:"not_before"`
}

// Decisions that a person may make.
const (
	Retry      = "retry"       // send the step again, as the next attempt
	NotCreated = "not-created" // DRS made no job of the create in doubt
	IsSuccess  = "succeeded"   // the step's backup is restored
	IsFailure  = "failed"      // the step's backup is not restored
	IgnoreJob  = "ignore-job"  // a job on the target does not belong to the plan
	Hold       = "hold"        // nothing is sent for the plan
	Release    = "release"     // the hold ends
	Close      = "close"       // the chain ends for good, and its databases are free for another
	Confirm    = "confirm"     // the confirmation was given
	Adopt      = "adopt"       // a job is the step's; in an adopted event, never alone
	Recognize  = "recognize"   // all jobs of the chain were seen under this principal, who continues it
)

// DecisionData is what a person decided, and why.
type DecisionData struct {
	What        string `json:"what"`
	User        string `json:"user"`
	Host        string `json:"host"`
	Reason      string `json:"reason,omitempty"`
	Intent      int64  `json:"intent,omitempty"` // not-created: Seq of the intent in doubt
	JobID       string `json:"job_id,omitempty"`
	Key         string `json:"key,omitempty"` // confirm: NAME@HASH
	Principal   string `json:"principal,omitempty"`
	BeforeFence bool   `json:"before_fence,omitempty"`
	// OtherCredentials: decided with other credentials than the create was sent
	// with, which may not see its job.
	OtherCredentials bool   `json:"other_credentials,omitempty"`
	ChainSHA256      string `json:"chain_sha256,omitempty"`  // succeeded: of a step that the ledger does not know as sent
	Last             bool   `json:"last,omitempty"`          // the same
	CheckPending     bool   `json:"check_pending,omitempty"` // succeeded: as in FinishedData
	// NotBefore: succeeded or failed, of a step in doubt: until then its request
	// may still arrive, by the server's clock.
	NotBefore time.Time `json:"not_before,omitzero"`
	// A hold is on a plan's name, of any generation, on its target.
	Plan       string `json:"plan,omitempty"`
	ProjectID  string `json:"project_id,omitempty"`
	InstanceID string `json:"instance_id,omitempty"`
}

// New makes an event of a kind with its data; Append sets the other fields.
func New(chain string, kind Kind, step, attempt int, run string, data any) (Event, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Event{}, err
	}
	return Event{Chain: chain, At: time.Now(), Kind: kind, Step: step, Attempt: attempt, Run: run, Data: raw}, nil
}

// DecodeOpened reads the data of an `opened` event.
func DecodeOpened(e Event) (OpenedData, error) { return decode[OpenedData](e) }

// DecodeIntent reads the data of an `intent` event.
func DecodeIntent(e Event) (IntentData, error) { return decode[IntentData](e) }

// DecodeOutcome reads the data of an outcome, for example of an `adopted` event.
func DecodeOutcome(e Event) (OutcomeData, error) { return decode[OutcomeData](e) }

// decode reads an event's data as the type that its kind has.
func decode[T any](e Event) (T, error) {
	if v, ok := e.decoded.load().(T); ok {
		return v, nil
	}
	var v T
	if err := json.Unmarshal(e.Data, &v); err != nil {
		return v, fmt.Errorf("event %d of chain %s (%s) cannot be read: %w", e.Seq, e.Chain, e.Kind, err)
	}
	e.decoded.store(v)
	return v, nil
}
