package backup

import (
	"bytes"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

// What follows the last set may be rubbish, or a backup that is being appended.
func TestReadCountsTrailingBytes(t *testing.T) {
	whole := backuptest.Sample().Plain()
	second := backuptest.Sample()
	second.Sets = append(second.Sets, second.Sets[0])
	second.Sets[1].Position = 2
	two := second.Plain()
	for name, test := range map[string]struct {
		data []byte
		want int64
	}{
		"nothing":                    {whole, 0},
		"one byte":                   {append(bytes.Clone(whole), 0), 1},
		"a sector of zeros":          {append(bytes.Clone(whole), make([]byte, 512)...), 512},
		"text":                       {append(bytes.Clone(whole), "more"...), 4},
		"the first block of a set":   {two[:len(whole)+100], 100},
		"a set cut behind its front": {two[:len(two)-1024], 0},
		"two sets":                   {two, 0},
	} {
		m := mustRead(t, test.data)
		if m.Trailing != test.want || m.Complete && test.want > 0 || len(m.Sets) == 0 {
			t.Errorf("%s: %d bytes, want %d (%s)", name, m.Trailing, test.want, m.Incomplete)
		}
		found := CheckChain([]Backup{{Name: "a", Media: m}}, Options{})
		if has := len(found) > 0 && found[0].ID == FindTrailing && found[0].Severity == Error; has != (test.want > 0) {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
