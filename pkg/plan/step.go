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
	// Last says that this step brings the database online: the cutover.
	Last bool
	// ChainSHA256 is the SHA-256 of the previous step's chain hash and this
	// step, in hex: it identifies all that is restored up to this step.
	ChainSHA256 string
	// OpenSHA256 is what ChainSHA256 would be without the cutover after this
	// step: the ledger contains it if the marker was added too late.
	OpenSHA256 string

	chain string // Plan.Chain(), hashed once for all steps
}

// Steps compiles a checked plan. It is pure: the dry run prints the result, and
// apply sends it.
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

// isLastBackup is the only function that decides options.is_last_backup. It is
// true only for the last backup of a plan that ends with the cutover: a wrong
// true brings the database online and ends the chain permanently, a wrong false
// costs one more log backup.
//
// The API page's sentence that says "false" for the last incremental is a
// mistake: its own example, the Terraform provider and the guides say true.
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

// JobName is the job name of an attempt. Attempts count from 1.
func (s Step) JobName(attempt int) string {
	return jobName(s.Plan.Name, s.chainID(), s.Seq, attempt)
}

// chainID is the plan's chain, also for a Step that Steps did not make.
func (s Step) chainID() string {
	if s.chain == "" {
		return s.Plan.Chain()
	}
	return s.chain
}

// Marker is the end of the description of the step's jobs.
func (s Step) Marker() Marker {
	return Marker{Chain: s.chainID(), Step: s.Seq, Hash: s.ChainSHA256[:12]}
}
