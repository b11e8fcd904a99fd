package view

import "github.com/migplan/migplan/pkg/executor"

// subjects are the messages of all reasons, one entry for each.
func subjects() []map[executor.Reason]message {
	return []map[executor.Reason]message{waitMessages, planMessages, guardMessages, lockMessages, chainMessages, jobMessages, requestMessages,
		runMessages, decisionMessages}
}

// waitMessages are for passes that ended well.
var waitMessages = map[executor.Reason]message{
	executor.Recorded:      {Waits: `recorded`},
	executor.Online:        {Waits: `online: the cutover succeeded, nothing is left to do`},
	executor.CheckPending:  {Waits: `the cutover succeeded; the next pass lists the target once more and then calls it online`},
	executor.NextBackup:    {Waits: `waiting for the next backup: add it to the plan`},
	executor.JobRunning:    {Waits: `waiting for DRS: {{.Step}} is running`},
	executor.BeforeStart:   {Waits: `waiting for the cutover's window, which begins {{.WindowEnd}}{{.NotStored}}`},
	executor.OwnJobRunning: {Waits: `waiting: job {{.Jobs}} of another step is running on the instance`},
	executor.OnHold:        {Waits: `{{.Held}}`},
	executor.ChainClosed:   {Waits: `closed{{.ClosedBy}}`},
}

// planMessages are for a plan whose file does not fit what was sent, or was
// changed during the run.
var planMessages = map[executor.Reason]message{
	executor.MarkerTooLate: {
		What:  `cutover marker too late: {{.Step}} was already submitted with is_last_backup false`,
		Tried: `one pass; nothing was submitted`,
		Known: `submitting it again would break the restore chain; nothing was sent`,
		Next:  `stop writes on the source, take a tail-log backup, add it to the plan, and put the cutover marker after it`,
	},
	executor.EditedHistory: {
		What:  `{{.Step}} was changed in the plan after it was submitted{{with .NowSays}}: the plan now says {{.}}{{end}}{{.NothingFollows}}`,
		Known: `the ledger shows what was submitted: {{.History}}`,
		Next:  `undo the edit{{if not .NothingFollows}}; or raise generation to start again from the full backup{{end}}`,
		Causes: map[executor.Why]message{executor.WhyOverwriteChanged: {
			What: `{{.Step}} was changed in the plan after it was submitted: overwrite has another value{{.NothingFollows}}`,
		}},
	},
	executor.PlanShorter: {
		What:  `the plan no longer has step {{.Seq}}, which was already submitted{{.NothingFollows}}`,
		Known: `the ledger shows what was submitted: {{.History}}`,
		Next:  `undo the edit{{if not .NothingFollows}}; or raise generation to start again from the full backup{{end}}`,
	},
	executor.HistoryGap: {
		What:  `{{.Step}} is {{.InLedger.State}} in the ledger, but a later step was submitted`,
		Known: `its job record is gone, or the job failed; submitting it now would restore it over later backups`,
		Next:  `check the database; if the backup is restored, {{.Resolve "--succeeded"}}; otherwise raise generation to start again from the full backup`,
	},
	executor.PlanChanged: {
		What:  `the plan file was changed during each pass: {{.Err}}`,
		Known: `nothing more was sent`,
		Next:  `run it again when nobody changes the file: {{.Again}}`,
	},
	executor.PlanInvalid: {
		What:  `the plan file is no longer valid: {{.Detail}}`,
		Tried: `reading the plan file again before a pass`,
		Known: `nothing more was sent`,
		Next:  `correct the file, then {{.Again}}`,
	},
	executor.PlanReplaced: {
		What:  `the plan file now describes another migration: {{.Replaced}}`,
		Tried: `reading the plan file again before a pass`,
		Known: `nothing more was sent`,
		Next:  `restore the file, then {{.Again}}`,
	},
	executor.CutoverKey: {
		What:  `cutover blocked: --confirm-cutover is missing{{.KeyOfOther .Run.Keys.Cutover}}`,
		Known: `{{.Step}} is next; it brings the database online permanently. Nothing was sent{{.Window}}`,
		Next:  `{{.Confirmed}}`,
		Causes: map[executor.Why]message{
			executor.WhyOtherAct: {What: `cutover blocked: this key is for the overwrite`},
			executor.WhyOtherKey: {What: `cutover blocked: this key does not match the plan as it is now; review the plan again before you confirm it`},
		},
	},
	executor.OverwriteKey: {
		What:  `{{.Overwriting}} blocked: --confirm-overwrite is missing{{.KeyOfOther .Run.Keys.Overwrite}}`,
		Known: `{{.Step}} overwrites databases of the same name on the target; nothing was sent`,
		Next:  `{{.Confirmed}}`,
		Causes: map[executor.Why]message{
			executor.WhyOtherAct:     {What: `{{.Overwriting}} blocked: this key is for the cutover`},
			executor.WhyOtherKey:     {What: `{{.Overwriting}} blocked: this key does not match the plan as it is now; review the plan again before you confirm it`},
			executor.WhyOnlineBefore: {Known: `another chain in this ledger has cut over on this database, so overwrite_unattended does not count; nothing was sent`},
		},
	},
	executor.WindowPast: {
		What:  `cutover blocked: its window ended {{.WindowEnd}} by the local clock`,
		Known: `both the local clock and the server's must be inside the window; nothing was sent`,
		Next:  `set a new window in the plan and have it reviewed`,
		Causes: map[executor.Why]message{
			executor.WhyLocalClock:  {},
			executor.WhyServerClock: {What: `cutover blocked: its window ended {{.WindowEnd}} by the server's clock`},
		},
	},
}
