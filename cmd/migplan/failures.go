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
		e.What = fmt.Sprintf("cutover marker too late: %s was already submitted with is_last_backup false", step)
		e.Known = "submitting it again would break the restore chain; nothing was sent"
		e.Next = "stop writes on the source, take a tail-log backup, add it to the plan, and put the cutover marker after it"
	case executor.JobFailed:
		explainFailure(at, s, &e)
	case executor.CreateRefused:
		explainRefusal(at, s, &e)
	case executor.DoubtNeedsPerson:
		explainDoubt(at, s, &e)
	case executor.EditedHistory:
		e.What = step + " was changed in the plan after it was submitted" + edited(s.Why)
		e.Known = "the ledger shows what was submitted: " + at.command("history", "")
		e.Next = "undo the edit; or raise generation to start again from the full backup"
	case executor.HistoryGap:
		e.What = fmt.Sprintf("%s is %s in the ledger, but a later step was submitted", step, at.state.Step(s.Step).State)
		e.Known = "its job record is gone, or the job failed; submitting it now would restore it over later backups"
		e.Next = "check the database; if the backup is restored, " + at.command("resolve", fmt.Sprintf("%d --succeeded --reason TEXT", s.Step)) +
			"; otherwise raise generation to start again from the full backup"
	case executor.PlanChanged, executor.PlanInvalid, executor.PlanReplaced:
		explainFile(s, &e, apply)
	case executor.PlanShorter:
		e.What = fmt.Sprintf("the plan no longer has step %d, which was already submitted", s.Step)
		e.Known = "the ledger shows what was submitted: " + at.command("history", "")
		e.Next = "undo the edit; or raise generation to start again from the full backup"
	default:
		explainChain(at, s, &e, apply)
	}
	e.complete(at, s)
	return e
}

// complete fills in and corrects what depends on more than the reason.
func (e *explanation) complete(at place, s executor.Stop) {
	if online := at.cutOver(); online > 0 && (s.Reason == executor.EditedHistory || s.Reason == executor.PlanShorter) {
		e.What += fmt.Sprintf("; the cutover was submitted with step %d, so nothing can follow", online)
		e.Next = "undo the edit"
	}
	if at.unread || s.Reason == executor.UnknownJobs || s.Reason == executor.LedgerBroken {
		e.Database = "unknown: the ledger does not show everything that was done; check it in the console"
	}
	if e.Tried == "" {
		e.Tried = tried(at, s)
	}
	if at.rehearsed {
		e.Next = "nothing: this was a rehearsal; in a real run: " + e.Next
	}
}

// explainChain finds the words for a chain that is not this run's to go on with,
// and for a ledger that cannot be believed.
func explainChain(at place, s executor.Stop, e *explanation, apply string) {
	switch s.Reason {
	case executor.OtherIdentity:
		e.What = fmt.Sprintf("the %s differs from the one this chain was started with: %s", identityPart(s.Why), clean(s.Detail))
		e.Known = "nothing was sent: a search with other credentials may not show this chain's jobs"
		e.Next = "use the former one; or raise generation to start again from the full backup"
		if s.Why == executor.WhyCredentials { // the only part of the identity that adopt --all renews
			e.What = "the credentials differ from those this chain was started with: " + clean(s.Detail)
			e.Next = "use the former ones; or, if the new ones are intended, " + at.command("adopt", "--all --reason TEXT")
		}
	case executor.NameTaken:
		e.What = "the plan's name belongs to another target in this ledger: " + clean(s.Detail)
		e.Known = "a name identifies one migration permanently; nothing was sent"
		e.Next = "give this plan another name"
	case executor.DatabaseTaken:
		explainTaken(at, *s.Owner, e)
	case executor.ChainUnfinished:
		explainClosed(at, s, e)
	case executor.ClosedGeneration:
		e.What = "a higher generation of this plan exists"
		e.Known = "an older generation sends nothing"
		e.Next = "use the plan file with the higher generation, or raise generation again to start over"
	case executor.GenerationBusy:
		e.What = fmt.Sprintf("step %d of the previous generation is running or in doubt", s.Step) + note(strings.Join(s.Jobs, ", "))
		e.Known = "both would restore into the same database; nothing was sent"
		e.Next = "settle it first with the previous plan file, using apply or resolve"
	case executor.LedgerConflict:
		e.What = "the ledger has two answers for one step: " + clean(s.Detail)
		e.Known = "a job may have been created twice; nothing more is sent"
		e.Next = "check both jobs in the console; when both are accounted for, " + at.command("adopt", "--all --reason TEXT")
	case executor.LedgerBroken:
		e.What = "the ledger is broken: " + errText(s.Err)
		e.Known = "a missing event may be a request that was sent, so nothing is sent now"
		e.Next = rebuildLedger(at.ledgerPath, at.command("adopt", "--all --reason TEXT"))
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
	case executor.DuplicateJobs:
		e.What = "DRS shows several jobs for " + step + ": " + jobs
		e.Known = "one of them was not submitted with this ledger, " + word(at.ledgerPath) + ": is that the ledger that cron and all other runners use? Nothing more is sent"
		if st := at.state.Step(s.Step); st.State.Sent() && st.State != ledger.StepInDoubt {
			e.What = fmt.Sprintf("DRS shows another job for %s, which is %s: %s", step, st.State, jobs)
			e.Known = "it was not submitted with this ledger, " + word(at.ledgerPath) + ": is that the ledger that cron and all other runners use? If that job has succeeded, the backup was restored twice. Nothing more is sent"
			e.Next = afterTwin(at, s, st.State)
			break
		}
		e.Next = "check them in the console; the step's job: " + adoptCommand(at, s.Step, "JOB_ID") + "; once the step has succeeded, the other job: " + ignoreCommand(at, "JOB_ID")
	case executor.JobDiffers:
		explainDiffers(at, s, e)
	case executor.JobGone:
		e.What = fmt.Sprintf("DRS no longer knows job %s of %s", jobs, step)
		e.Known = "its record was deleted in the console, at the latest at " + stamp(s.Since) + "; what it did to the database is not known here. It is not submitted again"
		e.Next = "check the database; " + pronounce(at, s.Step)
	case executor.ForeignJob:
		e.What = "a job that does not belong to this plan is working on one of its databases: " + jobs
		e.Known = "nothing was sent"
		e.Next = fmt.Sprintf("find out whose job it is and wait until it ends: %s; or, if it does no harm, %s", apply, ignoreCommand(at, first(s.Jobs)))
	case executor.NotFailed:
		explainAlive(at, s, e)
	case executor.NotSucceeded:
		explainUndone(at, s, e)
	case executor.RequestMayArrive:
		explainMayArrive(at, s, e, apply)
	case executor.JobMissing:
		explainMissing(at, s, e, apply)
	case executor.UnknownStatus:
		e.What = fmt.Sprintf("DRS has shown job %s of %s as %s since %s", jobs, step, status(s), stamp(s.Since))
		e.Known = "the DRS documentation does not list this status, so migplan cannot tell whether the job will end; nothing was sent"
		e.Next = "check the job and the database; " + pronounce(at, s.Step)
	case executor.StatusSettling:
		e.What = fmt.Sprintf("job %s of %s has the status %s, which the DRS documentation does not list", jobs, step, status(s))
		e.Known = "a new attempt is sent only after the status has stayed the same for 45 minutes" + until(s.Until) + "; nothing was sent"
		e.Next = "run it again then: " + apply
	default:
		explainHeld(at, s, e, apply)
	}
}

// keyFault tells a key that does not fit from a missing one.
func keyFault(at place, given, missing, other string, s executor.Stop) string {
	switch s.Why {
	case executor.WhyOtherAct:
		return "this key is for the " + other
	case executor.WhyOtherKey:
		return "this key does not match the plan as it is now; review the plan again before you confirm it"
	}
	if name := keyOf(given); name != "" && name != at.plan.Name {
		return missing + "; the key given is for plan " + name
	}
	return missing
}

// explainHeld finds the words for what waits, is held, or could not be done.
func explainHeld(at place, s executor.Stop, e *explanation, apply string) {
	step := stepName(at, s.Step)
	switch s.Reason {
	case executor.CutoverKey:
		e.What = "cutover blocked: " + keyFault(at, at.keys.Cutover, "--confirm-cutover is missing", "overwrite", s)
		e.Known = step + " is next; it brings the database online permanently. Nothing was sent" + windowNote(at)
		e.Next = at.command("apply", needs(at, s.Step))
	case executor.WindowPast:
		e.What = "cutover blocked: its window ended " + s.Until.Format(time.RFC3339) + " by " + clockOf(s.Why) + " clock"
		e.Known = "both the local clock and the server's must be inside the window; nothing was sent"
		e.Next = "set a new window in the plan and have it reviewed"
	case executor.OverwriteKey:
		e.What = overwriting(s.Step) + " blocked: " + keyFault(at, at.keys.Overwrite, "--confirm-overwrite is missing", "cutover", s)
		e.Known = step + " overwrites databases of the same name on the target; nothing was sent"
		if s.Why == executor.WhyOnlineBefore {
			e.Known = "another chain in this ledger has cut over on this database, so overwrite_unattended does not count; nothing was sent"
		}
		e.Next = at.command("apply", needs(at, s.Step))
	case executor.APIUnavailable:
		e.What = "DRS gave no usable answer: " + unusable(s)
		e.Known = "nothing new is known, and nothing was sent"
		e.Next = checkProxy(at, e.What) + "run it again: " + apply
		if s.Why == executor.WhyListLacksJob {
			e.Known = "either that job's record was deleted, or the listing is incomplete; nothing was recorded"
			e.Next += "; or, if it was deleted, adopt each job individually: " + adoptCommand(at, 0, "JOB_ID")
		}
	case executor.Throttled:
		e.What = "DRS asks for fewer requests" + note(throttling(at, s))
		e.Known = "nothing is submitted before " + stamp(s.Until)
		e.Next = "run it again after that: " + apply
	case executor.NotSent:
		e.What = "the request for " + step + " could not be sent: " + errText(s.Err)
		e.Known = "the request was never sent, so nothing was created"
		e.Next = checkProxy(at, e.What) + "run it again: " + apply
	default:
		explainRun(at, s, e, apply)
	}
}

// explainRun finds the words for what kept a run from going on.
func explainRun(at place, s executor.Stop, e *explanation, apply string) {
	step, jobs := stepName(at, s.Step), clean(strings.Join(s.Jobs, ", "))
	switch s.Reason {
	case executor.LockHeld:
		e.What = "another run is working on this target: " + errText(s.Err)
		e.Known = "only one run at a time may work on a target; nothing was sent"
		e.Next = "let it finish, or wait for it: " + apply + " --lock-wait 10m"
	case executor.Settling:
		explainSettling(step, s, e, apply)
	case executor.ForeignJobElsewhere:
		e.What = "a job that migplan did not create is running on the target: " + jobs
		e.Known = "an instance runs one job at a time; nothing was sent"
		e.Next = "run it again when that job has ended: " + apply + "; or, if it will not end, " + ignoreCommand(at, first(s.Jobs))
	case executor.NoServerDate:
		e.What = "DRS's answer has no Date header, so neither a window nor a pause that DRS asked for can be checked against its clock"
		e.Known = "the window cannot be checked without the server's time; nothing was sent"
		e.Next = "run it again: " + apply
	case executor.RaceLost:
		e.What = "other runs kept writing to the ledger first"
		e.Known = "what they did is in the ledger: " + at.command("history", "")
		e.Next = "run it again: " + apply
	case executor.RecordLost:
		e.Tried = "the request for " + step
		e.What = fmt.Sprintf("the answer to the request (%s) could not be written to the ledger: %s", strings.TrimSpace(firstText(s.Detail, "unknown")+" "+jobs), errText(s.Err))
		e.Known = "the ledger holds the intent, so the next run searches for the job and sends nothing"
		e.Next = "make the ledger writable (is the disk full?), then " + apply
	case executor.TimeUp:
		e.What = "the --timeout has passed" + waitedFor(s)
		e.Known = "everything that had begun was finished and recorded; a running job continues in DRS"
		e.Next = checkProxy(at, e.What) + "run it again: " + apply
	case executor.Stopped:
		e.What = "stopped by a signal" + waitedFor(s)
		e.Known = "everything that had begun was finished and recorded; a running job continues in DRS"
		e.Next = "run it again: " + apply
	case executor.AccessDenied:
		e.What = "DRS refused these credentials: " + errText(s.Err)
		e.Known = "nothing was created"
		e.Next = "check them with " + at.command("whoami", "") + ", the clock of this machine, and docs/permissions.md"
	case executor.LedgerBusy:
		explainBusy(s, e, apply)
	case executor.LedgerFailed:
		e.What = "the ledger cannot be used: " + errText(s.Err)
		e.Known = "without the ledger nothing is sent"
		e.Next = "fix it, then run it again: " + apply
	case executor.Broken:
		e.What = "the final check before sending failed: " + errText(s.Err)
		e.Known = "nothing was sent; this is a bug in migplan"
		e.Next = "keep the plan and the ledger, and report it"
	case executor.NotAllowed:
		explainNotAllowed(at, s, e)
	default:
		e.What = string(s.Reason)
	}
}

// explainDiffers says what to do about a job that is not what it should be. A
// job that the ledger follows already can only be judged by its end.
func explainDiffers(at place, s executor.Stop, e *explanation) {
	step, jobs := stepName(at, s.Step), clean(strings.Join(s.Jobs, ", "))
	e.What = fmt.Sprintf("job %s differs from %s: %s", jobs, step, clean(s.Detail))
	e.Known = "nothing more is sent until a person has checked it"
	if st := at.state.Step(s.Step); st.State == ledger.StepRunning && slices.Contains(s.Jobs, st.JobID) {
		e.Next = "check the job and the database, and wait until the job has ended; " + pronounce(at, s.Step)
		return
	}
	e.Next = fmt.Sprintf("check the job in the console; if it is this step's job under another name, %s; if not, %s",
		adoptCommand(at, s.Step, first(s.Jobs)), ignoreCommand(at, first(s.Jobs)))
	if at.state.Step(s.Step).State == ledger.StepPending {
		e.Next += "; if the plan was different when the job was created, restore that plan"
	}
	if at.state.Step(s.Step).State == ledger.StepInDoubt {
		e.Next += "; if it is this step's job anyway, wait until it has ended; then, " + pronounce(at, s.Step)
	}
}

// pronounce is how a person says what no look at DRS can tell.
func pronounce(at place, seq int) string {
	as := func(end string) string { return at.command("resolve", fmt.Sprintf("%d --%s --reason TEXT", seq, end)) }
	return "if the backup is restored, " + as("succeeded") + "; if not, " + as("failed")
}
