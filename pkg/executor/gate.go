package executor

import "context"

// passesGate asks the Gate about the step that would be sent now, once in a pass:
// it may read for longer than a listing stays fresh. The Gate returns a *Stop if
// the step must not be sent, and any other error if it could not decide.
func (p *pass) passesGate(ctx context.Context, seq int) error {
	if p.Gate == nil || p.gated == seq {
		return nil
	}
	err := p.Gate(ctx, p.Plan.Steps[seq-1])
	_, held := asStop(err)
	switch {
	case err == nil:
		p.gated = seq
		return nil
	case held:
		return aboutStep(err, seq)
	case ctx.Err() != nil:
		return aboutStep(p.cutShort(ctx, err), seq)
	}
	return &Stop{Reason: FilesUnavailable, Step: seq, Err: err}
}
