package plan

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// checkTailLog: a tail-log backup is a log backup, and only a file in a bucket
// can be read.
func checkTailLog(c *checker) {
	p := c.plan
	if p.Cutover == nil || !p.Cutover.TailLog {
		return
	}
	at := child(c.marker(), "tail_log")
	switch {
	case p.Source.RDS != nil:
		c.report(at, "tail_log is for backups in a bucket", "remove tail_log")
	case len(p.Backups) > 0 && p.Backups[len(p.Backups)-1].Type == Full:
		c.report(at, "tail_log is required, and the last backup is the full", "add the tail-log backup as the last incremental, or remove tail_log")
	}
}

// checkIgnoreNewer: an object is either a backup of this plan, or left out of it.
func checkIgnoreNewer(c *checker) {
	ignored := c.ignored()
	if c.plan.Source.RDS != nil && len(ignored) > 0 {
		c.report(ignored[0].node, "ignore_newer is for backups in a bucket", "remove ignore_newer")
		return
	}
	planned := map[string]bool{}
	for _, o := range c.objects {
		planned[o.key] = true
	}
	seen := map[string]bool{}
	for _, o := range ignored {
		switch name := o.node.Value; {
		case planned[o.key]:
			c.report(o.node, fmt.Sprintf("object %q is both a backup of this plan and ignored", name), "remove it from ignore_newer, or from backups")
		case seen[o.key]:
			c.report(o.node, fmt.Sprintf("object %q is ignored twice", name), "remove one of the two")
		default:
			seen[o.key] = true
		}
	}
}

// marker is the value of the cutover, nil for one without settings.
func (c *checker) marker() *yaml.Node {
	for _, e := range c.entries {
		if m := child(e.node, "cutover"); m != nil {
			return m
		}
	}
	return nil
}

// ignored are the objects of ignore_newer.
func (c *checker) ignored() (out []object) {
	list := child(c.marker(), "ignore_newer")
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	for _, n := range list.Content {
		if key := text(n); key != "" {
			out = append(out, object{n, c.plan.wholeKeys([]string{key})[0]})
		}
	}
	return out
}
