package backup

import (
	"fmt"
	"slices"
)

// builder is one chain while it is arranged.
type builder struct {
	full    *unit
	copies  []*unit // of the full
	logs    []*unit
	besides []*unit // differentials, and backups of a part of the database
	all     []*unit // logs and besides
}

func (c *builder) take(u *unit) {
	c.all = append(c.all, u)
	if u.set().BackupType == Log {
		c.logs = append(c.logs, u)
	} else {
		c.besides = append(c.besides, u)
	}
}

func (c *builder) isEmpty() bool { return c.full == nil && len(c.all) == 0 }

// files gives the full and what follows it.
func (c *builder) files(following []*unit) (out []Backup) {
	if c.full != nil {
		out = slices.Clone(c.full.files)
	}
	for _, u := range following {
		out = append(out, u.files...)
	}
	return out
}

// finish checks the chain. mayFill says that an unreadable file may be what is
// missing in it.
func (c *builder) finish(mayFill bool) Chain {
	first := c.full
	if first == nil {
		first = c.all[0]
	}
	out := Chain{DatabaseName: first.set().DatabaseName, FamilyGUID: first.set().FamilyGUID}
	if c.full != nil {
		out.Full = c.full.set()
	}
	out.Backups = c.files(slices.Concat(c.copies, c.all))
	out.Findings = slices.Concat(c.withoutFull(), c.ofLogs(mayFill), c.ofCopies(), c.ofBesides())
	for i := range out.Findings {
		soften(&out.Findings[i])
	}
	return out
}

// soften makes a warning of what only some targets refuse.
func soften(f *Finding) {
	switch f.ID {
	case FindStriped, FindDifferential, FindPartial:
		f.Severity = Warning
	}
}

func (c *builder) withoutFull() []Finding {
	if c.full != nil {
		return nil
	}
	s := c.all[0].set()
	guid := s.DatabaseBackupGUID
	if s.BackupType == Differential {
		guid = s.DifferentialBaseGUID
	}
	f := Finding{ID: FindNoFull, Severity: Warning, File: c.all[0].files[0].Name, Message: 3117,
		Summary: "the full backup that it follows is not among the files",
		Action:  "add it"}
	if !guid.IsZero() {
		f.Action = fmt.Sprintf("add it: its set GUID is %s", guid)
	}
	return []Finding{f}
}

func (c *builder) options() Options {
	return Options{WithoutFull: c.full == nil, Others: (&builder{}).files(c.logs)}
}

// ofLogs checks the full and its logs, as a row without differentials.
func (c *builder) ofLogs(mayFill bool) []Finding {
	all := CheckChain(c.files(c.logs), c.options())
	if !slices.ContainsFunc(all, isGap) {
		return all
	}
	inOrder := c.inOrder()
	for i := range all {
		switch f := &all[i]; {
		case !isGap(*f):
		case !slices.ContainsFunc(inOrder, f.isSame):
			f.Severity = Warning
			f.Summary += " (a differential backup spans the gap)"
		case mayFill && f.ID == FindLogMissing:
			f.Severity = Warning
			f.Summary += " (it may be one of the files that cannot be read)"
		}
	}
	return all
}

func isGap(f Finding) bool {
	return f.Severity == Error && (f.ID == FindLogMissing || f.ID == FindChainBroken)
}

func (f *Finding) isSame(g Finding) bool { return f.ID == g.ID && f.File == g.File }

// inOrder checks the logs with the differentials among them.
func (c *builder) inOrder() []Finding {
	o := c.options()
	o.AcceptDifferential, o.AcceptStripes = true, true
	return CheckChain(c.files(c.all), o)
}

// ofBesides checks each differential as it would follow the full.
func (c *builder) ofBesides() (out []Finding) {
	for _, u := range c.besides {
		for _, f := range CheckChain(c.files([]*unit{u}), Options{WithoutFull: c.full == nil}) {
			if slices.ContainsFunc(u.files, func(b Backup) bool { return b.Name == f.File }) {
				out = append(out, f)
			}
		}
	}
	return out
}

func (c *builder) ofCopies() (out []Finding) {
	for _, u := range c.copies {
		out = append(out, Finding{ID: FindAddsNothing, Severity: Warning, File: u.files[0].Name,
			Summary: fmt.Sprintf("it is the same backup as %q", c.full.files[0].Name), Action: "remove one of them"})
	}
	return out
}
