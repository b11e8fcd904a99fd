package main

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// turns decides which plan is passed over next: never one of a target instance on
// which another pass is under way, and of the others the first in the order of the
// call. A plan whose instance another process has locked is tried again when no
// other plan is due, and from time to time until lockWait has passed.
type turns struct {
	lockWait  time.Duration
	instances map[string]*instanceTurn
	ready     readyTurns
	locked    []*instanceTurn
}

// instanceTurn is the queue of one target instance, in the order of the call.
type instanceTurn struct {
	due   []*planRun
	state turnState
	at    int       // its place in turns.ready
	again time.Time // when a locked instance is tried again
	until time.Time // when the last try is due; zero: it was not found locked
}

type turnState int

const (
	turnIdle turnState = iota // nothing is due
	turnReady
	turnBusy // a pass is under way
	turnLocked
)

// lockPause is how long a locked instance is left alone between two tries.
const lockPause = 100 * time.Millisecond

func newTurns(lockWait time.Duration) *turns {
	return &turns{lockWait: lockWait, instances: map[string]*instanceTurn{}}
}

func (t *turns) of(run *planRun) *instanceTurn {
	q := t.instances[run.instance]
	if q == nil {
		q = &instanceTurn{}
		t.instances[run.instance] = q
	}
	return q
}

// add makes a plan due.
func (t *turns) add(run *planRun) {
	q := t.of(run)
	i, _ := slices.BinarySearchFunc(q.due, run, func(a, b *planRun) int { return cmp.Compare(a.index, b.index) })
	q.due = slices.Insert(q.due, i, run)
	switch q.state {
	case turnIdle:
		t.makeReady(q)
	case turnReady:
		heap.Fix(&t.ready, q.at)
	case turnBusy, turnLocked:
	}
}

func (t *turns) makeReady(q *instanceTurn) {
	q.state = turnReady
	heap.Push(&t.ready, q)
}

// next is the plan whose turn it is, nil for none now. last: if its instance is
// locked, that is how its pass ends.
func (t *turns) next(now time.Time) (run *planRun, last bool) {
	if len(t.ready) == 0 {
		t.unlock(now)
	}
	if len(t.ready) == 0 {
		return nil, false
	}
	q := heap.Pop(&t.ready).(*instanceTurn)
	run, q.due = q.due[0], q.due[1:]
	q.state = turnBusy
	return run, !q.until.IsZero() && !now.Before(q.until)
}

// unlock makes the locked instances ready whose next try is due.
func (t *turns) unlock(now time.Time) {
	t.locked = slices.DeleteFunc(t.locked, func(q *instanceTurn) bool {
		due := !now.Before(q.again)
		if due {
			t.makeReady(q)
		}
		return due
	})
}

// passed ends the turn of a plan.
func (t *turns) passed(run *planRun) {
	q := t.of(run)
	if q.state = turnIdle; len(q.due) > 0 {
		t.makeReady(q)
		return
	}
	q.until = time.Time{}
}

// foundLocked puts a plan back whose instance is locked.
func (t *turns) foundLocked(run *planRun, now time.Time) {
	q := t.of(run)
	q.due = slices.Insert(q.due, 0, run)
	q.state, q.again = turnLocked, now.Add(lockPause)
	if q.until.IsZero() {
		q.again, q.until = now, now.Add(t.lockWait)
	}
	if q.until.Before(q.again) {
		q.again = q.until
	}
	t.locked = append(t.locked, q)
}

// any reports whether a plan waits for its turn.
func (t *turns) any() bool { return len(t.ready) > 0 || len(t.locked) > 0 }

// nextTry is when a locked instance is tried again, zero where none is.
func (t *turns) nextTry() (at time.Time) {
	for _, q := range t.locked {
		if at.IsZero() || q.again.Before(at) {
			at = q.again
		}
	}
	return at
}

// readyTurns is a heap: the plan that is first in the order of the call is first.
type readyTurns []*instanceTurn

func (r readyTurns) Len() int           { return len(r) }
func (r readyTurns) Less(i, j int) bool { return r[i].due[0].index < r[j].due[0].index }
func (r readyTurns) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].at, r[j].at = i, j
}

func (r *readyTurns) Push(q any) {
	turn := q.(*instanceTurn)
	turn.at = len(*r)
	*r = append(*r, turn)
}

func (r *readyTurns) Pop() any {
	old := *r
	turn := old[len(old)-1]
	old[len(old)-1] = nil
	*r = old[:len(old)-1]
	return turn
}
