package plan

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/migplan/migplan/internal/lazy"
)

// Chain identifies one start of a migration: 16 hex digits of a hash of the
// project, the target instance, the plan's name and the generation.
func (p *Plan) Chain() string { return p.identity()[:16] }

// identity is the whole hash. The hash of the first step includes it.
func (p *Plan) identity() string {
	return hash([]any{p.Target.ProjectID, p.Target.InstanceID, p.Name, p.Generation})
}

// canonicalStep is what a step does to the database, including all steps
// before. Two steps with equal canonical forms restore the same thing.
// Description, tags, precheck, kept copies, overwrite and attempt are not part
// of it.
type canonicalStep struct {
	Before string // chain hash of the step before
	Common string // hash of what all steps share
	Type   Type
	Keys   []string
	Mode   string
	Last   bool
}

// common is the hash of what all steps of a plan share.
func (p *Plan) common() string {
	t := p.Target
	return hash([]any{p.Source, p.Databases, p.Rename, t.ProjectID, t.InstanceID, t.Filestream})
}

// hash is the SHA-256 of v as JSON, in hex. JSON keeps adjacent strings apart.
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

// jobName is derived from the identity and nothing random: after a lost ledger,
// new jobs get the names of the old ones instead of duplicating them. It starts
// with a letter and has at most 50 of a-z, 0-9 and "-" (page, table 4; console).
func jobName(plan, chain string, seq, attempt int) string {
	name := plan + "-" + padded(seq) + "-" + short(chain)
	if attempt > 1 {
		name += "-a" + strconv.Itoa(attempt)
	}
	return name
}

// JobStep reads the step from a job name in lower case, if the job belongs to
// this plan's chain. It ignores the end of the name, which people and later
// attempts extend.
func (p *Plan) JobStep(name string) (seq int, ok bool) {
	rest, ok := strings.CutPrefix(name, p.Name+"-")
	digits, rest, _ := strings.Cut(rest, "-")
	seq, err := strconv.Atoi(digits)
	return seq, ok && err == nil && strings.HasPrefix(rest, short(p.Chain()))
}

// short encodes the chain in the 8 characters that a job name has room for.
func short(chain string) string {
	raw, _ := hex.DecodeString(chain[:10])
	return lowerBase32.EncodeToString(raw)
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567")

// padded formats a number with at least three digits, so that names sort.
func padded(n int) string {
	digits := strconv.Itoa(n)
	return "000"[min(3, len(digits)):] + digits
}

// Marker ends the description of every job: the chain and step it belongs to,
// and the start of the step's chain hash.
type Marker struct {
	Chain string // 16 hex digits
	Step  int
	Hash  string // the first 12 hex digits of the step's chain hash
}

// String contains none of ! = < > ' & " \, which the console refuses.
func (m Marker) String() string {
	return "[migplan chain " + m.Chain + " step " + padded(m.Step) + " hash " + m.Hash + "]"
}

var markerForm = lazy.Regexp(`\[migplan chain ([0-9a-f]{16}) step ([0-9]{3,9}) hash ([0-9a-f]{12})\]`)

// ParseMarker finds the last marker in a job's description. The text that people
// write before it may contain other markers, and there may be text after it.
func ParseMarker(description string) (Marker, bool) {
	return lastMarker(description, func(Marker) bool { return true })
}

// MarkerIn finds the last marker of this plan's chain and ignores all others.
func (p *Plan) MarkerIn(description string) (Marker, bool) {
	return lastMarker(description, func(m Marker) bool { return m.Chain == p.Chain() })
}

func lastMarker(description string, counts func(Marker) bool) (last Marker, ok bool) {
	for _, m := range markerForm().FindAllStringSubmatch(description, -1) {
		step, err := strconv.Atoi(m[2])
		if found := (Marker{Chain: m[1], Step: step, Hash: m[3]}); err == nil && counts(found) {
			last, ok = found, true
		}
	}
	return last, ok
}
