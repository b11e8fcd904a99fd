package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/migplan/migplan/pkg/ledger"
)

// pause lets others take their turns while this runner does nothing for d.
func (s *host) pause(d time.Duration) {
	if s.rest(d); s.killed {
		panic(crash{})
	}
}

// rest is a pause while no process runs that could be killed.
func (s *host) rest(d time.Duration) {
	s.killed, s.wake = false, s.now.Add(d)
	if !s.yield(struct{}{}) {
		panic(over{})
	}
}

// at is a place in the program where something may happen to it.
func (s *host) at(place string) {
	s.counts[place]++
	for i := 0; i < len(s.pending); i++ {
		e := s.pending[i]
		if e.place != place || e.nth != s.counts[place] {
			continue
		}
		s.pending = slices.Delete(s.pending, i, i+1)
		i--
		s.happen(e)
	}
	if s.schedule.dawdle && s.rng.IntN(12) == 0 && slices.Contains(places(), place) {
		s.pause(s.upTo(pick(s.rng, time.Minute, 2*time.Minute, time.Hour, 26*time.Hour)))
	}
}

// happen carries out an event.
func (s *host) happen(e event) {
	s.note("event %s", e)
	switch e.act {
	case "crash":
		panic(crash{})
	case "stop":
		s.pause(e.arg)
	case "last-seconds":
		s.awaitWindowEnd(e.arg)
	case "jump":
		s.skew += e.arg
	case "signal":
		if s.cancel != nil {
			s.cancel()
		}
	default:
		s.worldEvent(e)
	}
}

// live runs a host: passes, crashes, and what people do between them.
func (s *host) live(yield func(struct{}) bool) {
	s.yield = yield
	defer func() {
		if r := recover(); r != nil && r != any(over{}) {
			panic(r)
		}
	}()
	if !yield(struct{}{}) {
		return
	}
	for !s.finished() && !(s.noticed && s.schedule.ledgers == 2) {
		if s.passes > maxPasses {
			s.checker.stuck("I14", "%s is not finished after %d passes: %s", s.team.plan.Name, maxPasses, s.team.lastStop)
			return
		}
		s.rest(s.onePass())
	}
}

func (s *host) finished() bool {
	if !s.team.finished {
		s.extra = 0
		return false
	}
	s.extra++
	return s.extra > 1
}

// onePass is one pass and its consequences; it returns the pause after it.
func (s *host) onePass() (rest time.Duration) {
	defer func() {
		if r := recover(); r != nil {
			if r == any(over{}) {
				panic(r)
			}
			if r != any(crash{}) {
				s.checker.report("I7", "panic: %v\n%s", r, debug.Stack())
			}
			s.note("killed")
			rest = s.upTo(10 * time.Minute)
		}
	}()
	for s.quiet.After(s.now) || s.team.halted {
		s.pause(max(s.quiet.Sub(s.now), 10*time.Minute))
	}
	s.saying = ""
	s.at("pass")
	s.passes++
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	defer cancel()
	s.lives++
	s.checker.passBegins(s)
	s.runner = s.newRunner()
	r := s.planted.say(s.runner.Pass(ctx))
	s.checker.passEnds(s, r)
	s.team.lastStop = fmt.Sprintf("%s (%s)", r.Reason, r.Class())
	s.note("pass: %s %s step %d why %q detail %q sent %s err %v", r.Class(), r.Reason, r.Step, r.Why, r.Detail, r.Sent, r.Err)
	return s.follow(r)
}

func (s *host) newRunner() *Runner {
	d := s.team
	r := &Runner{
		Plan: d.plan, Ledger: s.ledgerOf(), Keys: s.keys, AskPerson: d.shape.askPerson,
		Identity: Identity{Endpoint: "https://drs.example.com", Principal: s.cred, TokenAuth: d.shape.token},
		Who:      Who{User: "dba", Host: fmt.Sprintf("host%d", s.id)}, Run: fmt.Sprintf("run-%d-%d", s.id, s.lives),
		hooks: s.hooks(),
	}
	r.Jobs, r.Unchanged = &modelJobs{s}, func() error { return d.differsFrom(r.Plan) }
	s.planted.change(s, r)
	s.keys = Keys{}
	return r
}

// hooks put the events of the schedule between the steps of a pass.
func (s *host) hooks() hooks {
	return hooks{
		now:      func() time.Time { return s.now.Add(s.skew) },
		uptime:   func() time.Duration { s.at("uptime"); return s.now.Sub(s.start) },
		skipLock: s.schedule.noLock,
		next:     func(f Facts) Action { a := Next(f); s.at("decided"); return a },
		sleep: func(ctx context.Context, wait, spread time.Duration) bool {
			wait += s.upTo(spread)
			s.at("sleep")
			s.pause(wait * time.Duration(1+s.rng.IntN(5))) // a busy machine oversleeps
			return ctx.Err() == nil
		},
		append: s.append,
	}
}

// append appends an event, and lets events of the schedule happen before and
// after.
func (s *host) append(ctx context.Context, h ledger.Head, e ledger.Event, allow func(*ledger.Ledger) error) (ledger.Event, error) {
	if e.Kind == ledger.Intent {
		s.inGit = s.team.plan
	}
	s.at("append-" + string(e.Kind))
	s.at("append")
	s.pause(s.upTo(20*time.Millisecond + s.schedule.slow))
	if s.now.Before(s.full) {
		return e, errors.New("disk full")
	}
	out, err := (&Runner{Ledger: s.ledgerOf()}).appendToLedger(ctx, h, e, allow)
	if err == nil {
		s.checker.decided(s, e)
	}
	switch e.Kind {
	case ledger.Checked:
		s.checked = s.listed
	case ledger.Intent:
		s.intended = s.now
	}
	s.note("append %s step %d: %v", e.Kind, e.Step, err)
	if s.schedule.slow > 0 {
		s.pause(s.upTo(s.schedule.slow))
	}
	s.at("appended-" + string(e.Kind))
	s.at("appended")
	return out, err
}
