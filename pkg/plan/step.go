package plan

import (
	"errors"

	"github.com/migplan/migplan/pkg/drs"
)

// Step is one create-job request of a plan.
type Step struct {
	Plan   *Plan
	Seq    int // 1 for the full backup
	Backup Backup
	// Last says that the database goes online with this step: the cutover.
	Last bool
	// ChainSHA256 is SHA-256 over the chain hash of the step before and this
	// step, in hex: it names all that is restored up to and with this step.
	ChainSHA256 string
	// OpenSHA256 is what ChainSHA256 would be without the cutover behind this
	// step: what the ledger holds when the marker comes too late.
	OpenSHA256 string

	chain string // Plan.Chain(), so that it is not hashed for every step
}

// Steps compiles a checked plan. It is pure: the dry run prints what it gives,
// and apply sends it.
func Steps(p *Plan) ([]Step, error) {
	if p == nil || len(p.Backups) == 0 {
		return nil, errors.New("the plan has no backup")
	}
	steps := make([]Step, len(p.Backups))
	before, chain, common := p.identity(), p.Chain(), p.common()
	for i, b := range p.Backups {
		last := isLastBackup(p, i)
		s := Step{Plan: p, Seq: i + 1, Backup: b, Last: last, chain: chain}
		s.OpenSHA256 = hash(canonicalStep{before, common, b.Type, b.Keys, s.mode(), false})
		s.ChainSHA256 = s.OpenSHA256
		if last {
			s.ChainSHA256 = hash(canonicalStep{before, common, b.Type, b.Keys, s.mode(), true})
		}
		before = s.ChainSHA256
		steps[i] = s
	}
	return steps, nil
}

// isLastBackup is the only place that decides options.is_last_backup. It is
// true for the last backup of a plan that ends with the cutover, and for
// nothing else: a wrong true brings the database online and ends the chain
// for good, a wrong false costs one more log backup.
//
// The API page's sentence that says "false" for the last incremental is a
// slip: its own example, the Terraform provider and the guides say true.
func isLastBackup(p *Plan, i int) bool {
	return p.Cutover != nil && i == len(p.Backups)-1
}

// mode is options.recovery_mode (page, table 8).
func (s Step) mode() string {
	if s.Backup.Type == Full {
		return drs.RecoveryModeFull
	}
	return drs.RecoveryModeIncre
}

// JobName is the name of the job of an attempt, counted from 1.
func (s Step) JobName(attempt int) string {
	return jobName(s.Plan.Name, s.chainID(), s.Seq, attempt)
}

// chainID is the plan's chain, for a Step that Steps did not make too.
func (s Step) chainID() string {
	if s.chain == "" {
		return s.Plan.Chain()
	}
	return s.chain
}

// Marker is what the step's jobs bear in their description.
func (s Step) Marker() Marker {
	return Marker{Chain: s.chainID(), Step: s.Seq, Hash: s.ChainSHA256[:12]}
}
