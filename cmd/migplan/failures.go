package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// explain finds the words for a stop.
func explain(at place, s executor.Stop) explanation {
	e := explanation{Database: databaseState(at)}
	step := stepName(at, s.Step)
	apply := firstText(at.again, at.command("apply", ""))
	switch s.Reason {
	case executor.MarkerTooLate:
		e.What = fmt.Sprintf("the cutover came too late: %s was already sent with is_last_backup false", step)
		e.Known = "sending it again would break the restore chain; nothing was sent"
		e.Next = "stop writes on the source, take a tail-log backup, add it to the plan, and put the cutover behind it"
	case executor.JobFailed:
		explainFailure(at, s, &e)
	case executor.CreateRefused:
		explainRefusal(at, s, &e)
	case executor.DoubtAsk:
		explainDoubt(at, s, &e)
	case executor.EditedHistory:
		e.What = step + " was changed in the plan after it was sent" + note(s.Detail)
		e.Known = "what is restored is what the ledger holds: " + at.command("history", "")
		e.Next = "put the line back; or start the chain again from the full backup by raising generation"
	case executor.HistoryGap:
		e.What = fmt.Sprintf("%s is %s in the ledger, and a step behind it was sent", step, at.state.Step(s.Step).State)
		e.Known = "its job has no record any more, or failed; to send it now would restore over what came after"
		e.Next = "look at the database; when the backup is restored, " + at.command("resolve", fmt.Sprintf("%d --succeeded --reason TEXT", s.Step)) +
			"; else start the chain again from the full backup by raising generation"
	case executor.PlanChanged, executor.PlanInvalid, executor.PlanReplaced:
		explainFile(s, &e, apply)
	case executor.PlanShorter:
		e.What = fmt.Sprintf("the plan no longer has step %d, which was already sent", s.Step)
		e.Known = "what is restored is what the ledger holds: " + at.command("history", "")
		e.Next = "put the line back; or start the chain again from the full backup by raising generation"
	default:
		explainChain(at, s, &e, apply)
	}
	e.complete(at, s)
	return e
}

// complete fills in and corrects what depends on more than the reason.
func (e *explanation) complete(at place, s executor.Stop) {
	if online := at.cutOver(); online > 0 && (s.Reason == executor.EditedHistory || s.Reason == executor.PlanShorter) {
		e.What += fmt.Sprintf("; the cutover was sent with step %d, and nothing can follow it", online)
		e.Next = "put the plan back as it was"
	}
	if at.unread || s.Reason == executor.UnknownJobs || s.Reason == executor.LedgerBroken {
		e.Database = "not known here, since the ledger does not show all that was done; look at it in the console"
	}
	if e.Tried == "" {
		e.Tried = tried(at, s)
	}
	if at.rehearsed {
		e.Next = "nothing: this was a rehearsal and touched nothing real; in earnest it would be: " + e.Next
	}
}

// explainChain finds the words for a chain that is not this run's to go on with,
// and for a ledger that cannot be believed.
func explainChain(at place, s executor.Stop, e *explanation, apply string) {
	switch s.Reason {
	case executor.OtherIdentity:
		e.What = fmt.Sprintf("the %s differs from what this chain was opened with: %s", s.Why, clean(s.Detail))
		e.Known = "nothing was sent: a search under other credentials may not show the jobs of this chain"
		e.Next = "use the former one; or start the chain again from the full backup by raising generation"
		if s.Why == "credentials" { // the only part of the identity that adopt --all renews
			e.What = "the credentials differ from those that this chain was opened with: " + clean(s.Detail)
			e.Next = "use the former ones; or, when these are meant, " + at.command("adopt", "--all --reason TEXT")
		}
	case executor.NameTaken:
		e.What = "the plan's name belongs to another target in this ledger: " + clean(s.Detail)
		e.Known = "a name identifies one migration for ever; nothing was sent"
		e.Next = "give this plan a name of its own"
	case executor.DatabaseTaken:
		explainTaken(at, *s.Owner, e)
	case executor.ChainClosed:
		explainClosed(at, s, e)
	case executor.ClosedGeneration:
		e.What = "a higher generation of this plan has taken over"
		e.Known = "a closed generation sends nothing"
		e.Next = "use the plan file with the higher generation, or raise generation further to start again"
	case executor.GenerationBusy:
		e.What = fmt.Sprintf("the generation before has step %d running or in doubt", s.Step) + note(strings.Join(s.Jobs, ", "))
		e.Known = "both would restore into the same database; nothing was sent"
		e.Next = "settle it first with the former plan file, by apply or resolve"
	case executor.LedgerConflict:
		e.What = "the ledger shows two answers for one step: " + clean(s.Detail)
		e.Known = "a job may have been made twice; nothing more is sent"
		e.Next = "look at both jobs in the console; when each is accounted for, " + at.command("adopt", "--all --reason TEXT")
	case executor.LedgerBroken:
		e.What = "the ledger is broken: " + errText(s.Err)
		e.Known = "what is missing may be a create that was sent, so nothing is sent now"
		e.Next = "stop all runners, move the file away, wait 45 minutes, then " + at.command("adopt", "--all --reason TEXT")
	default:
		explainJobs(at, s, e, apply)
	}
}

// explainJobs finds the words for a job that is not as it should be.
func explainJobs(at place, s executor.Stop, e *explanation, apply string) {
	step, jobs := stepName(at, s.Step), clean(strings.Join(s.Jobs, ", "))
	switch s.Reason {
	case executor.UnknownJobs:
		e.What = "DRS shows jobs of this chain that the ledger does not know: " + jobs
		e.Known = "they were submitted with another ledger, or this one was lost or is an old copy; nothing was sent"
		e.Next = "first check that " + word(at.ledgerPath) + " is the ledger that cron and all other runners use. If it is, stop all runners, wait 45 minutes, then " + at.command("adopt", "--all --reason TEXT")
	case executor.TwinJobs:
		e.What = "DRS shows several jobs for " + step + ": " + jobs
		e.Known = "one of them was not submitted with this ledger, " + word(at.ledgerPath) + "; is it the one that cron and all other runners use? Nothing more is sent"
		if st := at.state.Step(s.Step); st.State.Sent() && st.State != ledger.InDoubt {
			e.What = fmt.Sprintf("DRS shows another job for %s, which is %s: %s", step, st.State, jobs)
			e.Known = "it was not submitted with this ledger, " + word(at.ledgerPath) + "; is it the one that cron and all other runners use? The backup may have been restored twice; nothing more is sent"
			e.Next = "look at it and at the database; when it did no harm, " + ignoreCommand(at, first(s.Jobs))
			break
		}
		e.Next = "look at them in the console. The step's: " + adoptCommand(at, s.Step, "JOB_ID") + "; once the step has succeeded, the other: " + ignoreCommand(at, "JOB_ID")
	case executor.JobDiffers:
		explainDiffers(at, s, e)
	case executor.JobGone:
		e.What = fmt.Sprintf("DRS no longer knows job %s of %s", jobs, step)
		e.Known = "its record was deleted in the console, at the latest at " + stamp(s.Since) + "; what it did to the database is not known here. It is not created again"
		e.Next = "look at the database; " + pronounce(at, s.Step)
	case executor.ForeignJob:
		e.What = "a job that is not this plan's works on one of its databases: " + jobs
		e.Known = "nothing was sent"
		e.Next = fmt.Sprintf("ask whose it is, and wait for its end: %s; or, when it does no harm, %s", apply, ignoreCommand(at, first(s.Jobs)))
	case executor.NotFailedAnyMore:
		explainAlive(at, s, e)
	case executor.JobMissing:
		explainMissing(at, s, e, apply)
	case executor.UnknownStatus:
		e.What = fmt.Sprintf("DRS has shown job %s of %s as %s since %s", jobs, step, status(s), stamp(s.Since))
		e.Known = "its documents do not name this status, so migplan cannot tell whether the job will end; nothing was sent"
		e.Next = "look at the job and the database; " + pronounce(at, s.Step)
	case executor.StatusSettling:
		e.What = fmt.Sprintf("job %s of %s has the status %s, which DRS's documents do not name", jobs, step, status(s))
		e.Known = "a new attempt is sent only after the status has stayed the same for 45 minutes" + until(s.Until) + "; nothing was sent"
		e.Next = "run it again then: " + apply
	default:
		explainHeld(at, s, e, apply)
	}
}

// keyFault tells a key that does not fit from a missing one.
func keyFault(missing, other string, s executor.Stop) string {
	switch s.Why {
	case executor.WhyOtherAct:
		return "this key is for the " + other
	case executor.WhyOtherKey:
		return "the key given is not that of the plan as it stands; look at it again before you confirm it"
	}
	return missing
}

// explainHeld finds the words for what waits, is held, or could not be done.
func explainHeld(at place, s executor.Stop, e *explanation, apply string) {
	step := stepName(at, s.Step)
	switch s.Reason {
	case executor.CutoverKey:
		e.What = "the cutover is held: " + keyFault("it lacks its second key", "overwrite", s)
		e.Known = step + " is next and brings the database online for good; nothing was sent"
		e.Next = at.command("apply", needs(at, s.Step))
	case executor.WindowPast:
		e.What = "the cutover is held: its window ended " + s.Until.Format(time.RFC3339) + " by " + s.Detail + " clock"
		e.Known = "the local clock and the server's must both be inside; nothing was sent"
		e.Next = "write a new window into the plan and have it reviewed"
	case executor.OverwriteKey:
		e.What = "the full backup is held: " + keyFault("overwriting lacks its second key", "cutover", s)
		e.Known = "it destroys what bears the names of the plan's databases on the target; nothing was sent"
		if s.Why == executor.WhyOnlineBefore {
			e.Known = "another chain in this ledger has cut over on this database, so overwrite_unattended does not count; nothing was sent"
		}
		e.Next = at.command("apply", needs(at, s.Step))
	case executor.APIAway:
		e.What = "DRS gave no usable answer: " + firstText(s.Detail, errText(s.Err))
		e.Known = "nothing was learnt, and nothing was sent"
		e.Next = "run it again: " + apply
		if s.Why == executor.WhyNoWitness {
			e.Known = "either that job's record was deleted, or the listing does not show all; nothing was recorded"
			e.Next += "; or, when it was deleted, adopt each job by itself: " + adoptCommand(at, 0, "JOB_ID")
		}
	case executor.Throttled:
		e.What = "DRS asks to be called less often" + note(throttling(at, s))
		e.Known = "no create is sent before " + stamp(s.Until)
		e.Next = "run it again after that: " + apply
	case executor.NotSent:
		e.What = "the create of " + step + " could not be sent: " + errText(s.Err)
		e.Known = "not one byte of it left, so nothing was created"
		e.Next = "run it again: " + apply
	default:
		explainRun(at, s, e, apply)
	}
}

// explainRun finds the words for what kept a run from going on.
func explainRun(at place, s executor.Stop, e *explanation, apply string) {
	step, jobs := stepName(at, s.Step), clean(strings.Join(s.Jobs, ", "))
	switch s.Reason {
	case executor.LockHeld:
		e.What = "another run works on this target: " + errText(s.Err)
		e.Known = "two runs at a time would only be in each other's way; nothing was sent"
		e.Next = "let it finish, or wait for it: " + apply + " --lock-wait 10m"
	case executor.Settling:
		explainSettling(step, s, e, apply)
	case executor.StrangerRunning:
		e.What = "a job that is not migplan's runs on the target: " + jobs
		e.Known = "one job at a time works on an instance; nothing was sent"
		e.Next = "run it again when that job has ended: " + apply + "; or, when it will not end, " + ignoreCommand(at, first(s.Jobs))
	case executor.NoServerDate:
		e.What = "DRS's answer carries no date, so neither a window nor a pause that DRS asked for can be checked against its clock"
		e.Known = "an unclear gate is a shut one; nothing was sent"
		e.Next = "run it again: " + apply
	case executor.RaceLost:
		e.What = "other runs went on first, again and again"
		e.Known = "whatever they did is in the ledger: " + at.command("history", "")
		e.Next = "run it again: " + apply
	case executor.RecordLost:
		e.Tried = "the create of " + step
		e.What = fmt.Sprintf("the answer to the create (%s) could not be written into the ledger: %s", strings.TrimSpace(firstText(s.Detail, "unknown")+" "+jobs), errText(s.Err))
		e.Known = "the intent is in the ledger, so the next run searches for the job and sends nothing"
		e.Next = "make the ledger writable (disk full?), then " + apply
	case executor.TimeUp:
		e.What = "the time of --timeout is up" + waitedFor(s)
		e.Known = "what was under way is finished and recorded"
		e.Next = "run it again: " + apply
	case executor.Stopped:
		e.What = "stopped by a signal" + waitedFor(s)
		e.Known = "what was under way is finished and recorded"
		e.Next = "run it again: " + apply
	case executor.AccessDenied:
		e.What = "DRS refused these credentials: " + errText(s.Err)
		e.Known = "nothing was created"
		e.Next = "check them with " + at.command("whoami", "") + ", the clock of this machine, and docs/permissions.md"
	case executor.LedgerFailed:
		e.What = "the ledger cannot be used: " + errText(s.Err)
		e.Known = "without it nothing is sent"
		e.Next = "make it usable, then run it again: " + apply
	case executor.Broken:
		e.What = "the last check before sending failed: " + errText(s.Err)
		e.Known = "nothing was sent; this is a mistake in migplan"
		e.Next = "keep the plan and the ledger, and report it"
	case executor.NotAllowed:
		e.What = clean(s.Detail)
		if s.Step > 0 {
			e.What = step + ": " + e.What
		}
		e.Known = "nothing was recorded and nothing was sent"
		e.Next = "see where it stands: " + at.command("status", "")
		switch s.Why {
		case executor.WhyStillRunning:
			e.Next = "wait for the job's end, then say it again: " + at.again
		case executor.WhyUnsettled:
			e.Next = "settle it first: " + at.command("apply", "") + ", or " + at.command("resolve", fmt.Sprintf("%d --succeeded --reason TEXT", s.Step)) + " after looking at the database; then " + at.again
		case executor.WhyOwnJob:
			e.Next = fmt.Sprintf("if it is this step's job, %s; if somebody copied the name or the description, change both in the console, then run this again: %s",
				adoptCommand(at, s.Step, first(s.Jobs)), ignoreCommand(at, first(s.Jobs)))
		case executor.WhyOtherCredentials:
			e.Next = "look for the job with those, or in the console; when it is not there, " + at.again + " --other-credentials"
		}
	default:
		e.What = string(s.Reason)
	}
}

// explainDiffers says what to do about a job that is not what it should be. A
// job that the ledger follows already can only be judged by its end.
func explainDiffers(at place, s executor.Stop, e *explanation) {
	step, jobs := stepName(at, s.Step), clean(strings.Join(s.Jobs, ", "))
	e.What = fmt.Sprintf("job %s is not as %s was intended: %s", jobs, step, clean(s.Detail))
	e.Known = "nothing more is sent before a person has looked at it"
	if st := at.state.Step(s.Step); st.State == ledger.Running && slices.Contains(s.Jobs, st.JobID) {
		e.Next = "look at the job and the database, and wait until the job has ended; " + pronounce(at, s.Step)
		return
	}
	e.Next = fmt.Sprintf("look at the job in the console; when it is the step's under another name, %s; when it is not the step's, %s",
		adoptCommand(at, s.Step, first(s.Jobs)), ignoreCommand(at, first(s.Jobs)))
	if at.state.Step(s.Step).State == ledger.Pending {
		e.Next += "; when the plan was another one then, put that back"
	}
	if at.state.Step(s.Step).State == ledger.InDoubt {
		e.Next += "; when it is the step's all the same and has ended, " + pronounce(at, s.Step)
	}
}

// pronounce is how a person says what no look at DRS can tell.
func pronounce(at place, seq int) string {
	as := func(end string) string { return at.command("resolve", fmt.Sprintf("%d --%s --reason TEXT", seq, end)) }
	return "when the backup is restored, " + as("succeeded") + "; when it is not, " + as("failed")
}
