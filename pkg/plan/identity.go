package plan

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// Chain is the identity of one start of one migration: 16 hex digits over the
// project, the target instance, the plan's name and the generation.
func (p *Plan) Chain() string { return p.identity()[:16] }

// identity is the whole hash, on which the hash of the first step builds.
func (p *Plan) identity() string {
	return hash([]any{p.Target.ProjectID, p.Target.InstanceID, p.Name, p.Generation})
}

// canonicalStep is what a step does to the database, behind all that was done
// before. Two steps with equal canonical forms restore the same thing;
// description, tags, precheck, kept copies, overwrite and attempt are not part
// of it.
type canonicalStep struct {
	Before string // chain hash of the step before
	Common string // what is the same for every step
	Type   Type
	Keys   []string
	Mode   string
	Last   bool
}

// common is the hash of what is the same for every step of a plan.
func (p *Plan) common() string {
	t := p.Target
	return hash([]any{p.Source, p.Databases, p.Rename, t.ProjectID, t.InstanceID, t.Filestream})
}

// hash is the SHA-256 over the JSON of v, whose strings cannot run into each
// other, in hex.
func hash(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data always marshals
	}
	return hashBytes(b)
}

// hashBytes is the SHA-256 of b, in hex.
func hashBytes(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// jobName is derived from identity, and from no random state: a lost ledger
// collides with its old jobs instead of doubling them. It starts with a
// letter and has at most 50 of a-z, 0-9 and "-" (page, table 4; console).
func jobName(plan, chain string, seq, attempt int) string {
	name := plan + "-" + padded(seq) + "-" + short(chain)
	if attempt > 1 {
		name += "-a" + strconv.Itoa(attempt)
	}
	return name
}

// JobStep gives the step that a job's name says, in lower case, when it begins
// like that of a job of this plan's chain: people and later attempts add to the
// end.
func (p *Plan) JobStep(name string) (seq int, ok bool) {
	rest, ok := strings.CutPrefix(name, p.Name+"-")
	digits, rest, _ := strings.Cut(rest, "-")
	seq, err := strconv.Atoi(digits)
	return seq, ok && err == nil && strings.HasPrefix(rest, short(p.Chain()))
}

// short is the chain in the 8 characters that a job name has room for.
func short(chain string) string {
	raw, _ := hex.DecodeString(chain[:10])
	return lowerBase32.EncodeToString(raw)
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567")

// padded is a number of three digits or more, so that names sort.
func padded(n int) string {
	digits := strconv.Itoa(n)
	return "000"[min(3, len(digits)):] + digits
}

// Marker is what ends the description of every job: which chain and step it
// belongs to, and the start of the hash of all that the chain has done then.
type Marker struct {
	Chain string // 16 hex digits
	Step  int
	Hash  string // the first 12 hex digits of the step's chain hash
}

// String has none of ! = < > ' & " \, which the console refuses.
func (m Marker) String() string {
	return "[migplan chain " + m.Chain + " step " + padded(m.Step) + " hash " + m.Hash + "]"
}

var markerForm = regexp.MustCompile(`\[migplan chain ([0-9a-f]{16}) step ([0-9]{3,9}) hash ([0-9a-f]{12})\]\s*$`)

// ParseMarker finds the marker at the end of a job's description.
func ParseMarker(description string) (Marker, bool) {
	m := markerForm.FindStringSubmatch(description)
	if m == nil {
		return Marker{}, false
	}
	step, err := strconv.Atoi(m[2])
	return Marker{Chain: m[1], Step: step, Hash: m[3]}, err == nil
}
