package view

import "github.com/migplan/migplan/pkg/executor"

// chainMessages are for a chain that this run must not continue, and for a
// ledger that cannot be trusted or used.
var chainMessages = map[executor.Reason]message{
	executor.OtherIdentity: {
		What:  `the {{.Stop.Why}} differs from the one this chain was started with: {{.Changed}}`,
		Known: `nothing was sent: a search with other credentials may not show this chain's jobs`,
		Next:  `use the former one; or raise generation to start again from the full backup`,
		Causes: map[executor.Why]message{
			executor.WhyRegion:            {},
			executor.WhyEndpoint:          {},
			executor.WhyEnterpriseProject: {What: `the enterprise project differs from the one this chain was started with: {{.Changed}}`},
			executor.WhyCredentials: {
				What: `the credentials differ from those this chain was started with: {{.Changed}}`,
				Next: `use the former ones; or, if the new ones are intended, {{.AdoptAll}}`,
			},
		},
	},
	executor.NameTaken: {
		What:  `the plan's name belongs to another target in this ledger: {{.OtherTarget}}`,
		Known: `a name identifies one migration permanently; nothing was sent`,
		Next:  `give this plan another name`,
	},
	executor.DatabaseTaken: {
		What:  `plan {{clean .Owner.Plan}}, generation {{.Owner.Generation}}, has {{clean .Owner.Databases}} on this target already`,
		Known: `two chains in one database would overwrite each other; nothing was sent`,
		Next: `if this plan was renamed, change its name back to {{word .Owner.Plan}}. Close that chain only if it is finished or abandoned: ` +
			`no log backup can follow in it then, and this plan starts with its full backup: {{.CloseOwner}}`,
	},
	executor.ChainUnfinished: {
		What:  `the plan is closed{{.ClosedBy}}, and {{.Step}} {{if eq .InLedger.State "pending"}}was not sent{{else}}did not succeed{{end}}`,
		Known: `a closed chain sends nothing more, and its databases may belong to another plan now; nothing was sent`,
		Next:  `remove the plan file, or remove the steps that did not succeed; or raise generation to start again from the full backup`,
	},
	executor.ClosedGeneration: {
		What:  `a higher generation of this plan exists`,
		Known: `an older generation sends nothing`,
		Next:  `use the plan file with the higher generation, or raise generation again to start over`,
	},
	executor.GenerationBusy: {
		What:  `step {{.Seq}} of the previous generation is running or in doubt{{with .Jobs}}: {{.}}{{end}}`,
		Known: `both would restore into the same database; nothing was sent`,
		Next:  `settle it first with the previous plan file, using apply or resolve`,
	},
	executor.LedgerConflict: {
		What:  `the ledger has two answers for one step: job {{.Jobs}} was created for {{.Step}} after another answer was recorded`,
		Tried: ledgerTried,
		Known: `a job may have been created twice; nothing more is sent`,
		Next:  `check both jobs in the console; when both are accounted for, {{.AdoptAll}}`,
	},
	executor.LedgerBroken: {
		What:     `the ledger is broken: {{.Err}}`,
		Tried:    ledgerTried,
		Known:    `a missing event may be a request that was sent, so nothing is sent now`,
		Database: unknownDatabase,
		Next:     `{{.RebuildLedger}}`,
	},
	executor.LedgerBusy: {
		What:  `another process keeps the ledger locked: {{.Err}}`,
		Tried: ledgerTried,
		Known: `without the ledger nothing is sent`,
		Next:  `run it again: {{.Again}}`,
	},
	executor.LedgerUnavailable: {
		What:  `the ledger is not available: {{.Err}}`,
		Tried: ledgerTried,
		Known: `without the ledger nothing is sent`,
		Next:  `run it again: {{.Again}}`,
	},
	executor.LedgerFailed: {
		What:  `the ledger cannot be used: {{.Err}}`,
		Tried: ledgerTried,
		Known: `without the ledger nothing is sent`,
		Next:  `fix it, then run it again: {{.Again}}`,
	},
	executor.UnknownJobs: {
		What:     `DRS shows jobs of this chain that the ledger does not know: {{.Jobs}}`,
		Known:    `they were submitted with another ledger, or this one was lost or is an old copy; nothing was sent`,
		Database: unknownDatabase,
		Next: `first check that {{.Ledger}} is the ledger that cron and all other runners use. ` +
			`If it is, stop all runners, wait 45 minutes, then {{.AdoptAll}}`,
	},
}

const ledgerTried = `reading and writing the ledger`
