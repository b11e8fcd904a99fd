package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// step is one step as it is shown: as it was sent, or else as the plan has it.
type step struct {
	plan.Step               // with the files, the last flag and the chain hash that were sent
	known     ledger.Step   // what the ledger knows of it
	inPlan    bool          // the plan still has it
	planned   []string      // the files that the plan has now, where others were sent
	request   *plan.Request // as it was sent; nil where the ledger has none
}

// steps are those of the plan, and those that were sent and that the plan no
// longer has.
func (m *Migration) steps() (all []step) {
	for seq := 1; seq <= max(len(m.Plan.Steps), len(m.State.Steps)); seq++ {
		all = append(all, m.step(seq))
	}
	return all
}

func (m *Migration) step(seq int) step {
	s := step{known: m.State.Step(seq), inPlan: seq >= 1 && seq <= len(m.Plan.Steps)}
	switch {
	case s.inPlan:
		s.Step = m.Plan.Steps[seq-1]
	case seq == 1:
		s.Step = plan.Step{Plan: m.Plan, Seq: seq, Backup: plan.Backup{Type: plan.Full}}
	default:
		s.Step = plan.Step{Plan: m.Plan, Seq: seq, Backup: plan.Backup{Type: plan.Incremental}}
	}
	if s.Backup.Keys == nil {
		s.Backup.Keys = []string{} // a list in JSON
	}
	s.takeSent(requestOf(&m.State, seq))
	return s
}

// requestOf is the request by which a step was sent, as the ledger has it. A job
// that was adopted without a request has none.
func requestOf(state *ledger.State, seq int) ledger.IntentData {
	st := state.Step(seq)
	if st.JobID != "" {
		return state.Requests[st.JobID]
	}
	return st.Intent
}

// takeSent replaces what the plan says by what was sent, if it was. A marker
// that was added too late was not part of it, and one that was removed since was.
func (s *step) takeSent(sent ledger.IntentData) {
	st := s.known
	if st.State.Sent() && st.ChainSHA256 != "" {
		s.Last, s.ChainSHA256 = st.Last, st.ChainSHA256
	}
	if st.State == ledger.StepPending {
		return
	}
	keys := keysOf(sent.Body)
	if len(keys) == 0 {
		return
	}
	if !slices.Equal(keys, s.Backup.Keys) {
		s.planned = s.Backup.Keys
	}
	s.Backup.Keys = keys
	s.request = &plan.Request{JobName: sent.JobName, Body: []byte(sent.Body), SHA256: sent.BodySHA256}
}

// keysOf are the files that a request names: whole object keys, or the id of an
// RDS backup.
func keysOf(body string) (keys []string) {
	var r drs.CreateOfflineTaskReq
	if json.Unmarshal([]byte(body), &r) != nil {
		return nil
	}
	if r.TargetDBInfo.FileID != "" {
		return []string{r.TargetDBInfo.FileID}
	}
	for _, f := range r.BackupInfo.Files {
		keys = append(keys, f.OBSPath+f.Name)
	}
	return keys
}

// jobName is the name of the step's job in its current attempt.
func (s step) jobName() string {
	if s.request != nil && s.request.JobName != "" {
		return s.request.JobName
	}
	return s.JobName(s.known.Attempt)
}

// asSent is the request as it was sent, or else as it would be; nil where
// neither is known.
func (s step) asSent() *plan.Request {
	if s.request != nil || !s.inPlan {
		return s.request
	}
	if r, err := s.Request(s.known.Attempt); err == nil {
		return &r
	}
	return nil
}

// differs says in what the plan is no longer what was sent, "" where it is.
func (s step) differs() string {
	switch {
	case !s.inPlan:
		return fmt.Sprintf("step %d: sent: %s; the plan no longer has this step", s.Seq, orElse(joinKeys(s.Backup.Keys), "unknown"))
	case s.planned != nil:
		return fmt.Sprintf("step %d: sent: %s; the plan now says: %s", s.Seq, joinKeys(s.Backup.Keys), joinKeys(s.planned))
	}
	return ""
}

// differences are the lines about all steps.
func (m *Migration) differences() (lines []string) {
	for _, s := range m.steps() {
		if d := s.differs(); d != "" {
			lines = append(lines, d)
		}
	}
	return lines
}

// joinKeys shows the files of a step, at most three.
func joinKeys(keys []string) string {
	if len(keys) > 3 {
		return fmt.Sprintf("%s and %d more", keys[0], len(keys)-1)
	}
	return strings.Join(keys, " ")
}
