package ledger

// KnownAt reports whether the ledger knew of a job when event seq was written,
// from that event or one before it. An event lists only the jobs that no event
// before it names: otherwise the events of a step would grow with the number of
// steps.
func (s *State) KnownAt(jobID string, seq int64) bool {
	first, ok := s.firstNamed[jobID]
	return ok && first <= seq
}

// Unnamed returns those of the jobs that no event of the chain names yet.
func (s *State) Unnamed(jobIDs []string) []string {
	var out []string
	for _, id := range jobIDs {
		if _, ok := s.firstNamed[id]; !ok {
			out = append(out, id)
		}
	}
	return out
}

// name records that an event names jobs.
func (s *State) name(seq int64, jobIDs ...string) {
	for _, id := range jobIDs {
		if _, ok := s.firstNamed[id]; !ok {
			s.firstNamed[id] = seq
		}
	}
}
