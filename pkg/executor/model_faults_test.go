package executor

// planted is a fault of the protocol, put in by test-only function values.
type planted struct {
	name   string
	hasty  bool
	plant_ func(*slot, *Runner)
}

func (f planted) plant(s *slot, r *Runner) {
	if f.plant_ != nil {
		f.plant_(s, r)
	}
}
