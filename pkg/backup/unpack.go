package backup

import "sort"

// How far into a compressed file its chunks are followed from the front. A
// small file is followed to its end where that is needed.
const (
	frontReach  = 512 << 10
	smallFile   = 4 << 20
	walkRequest = 256 << 10
)

// unpacker is the plain MTF stream of a compressed file, from the front. It
// decodes only the chunks of which bytes are asked for.
type unpacker struct {
	s        *source
	filemark int64
	chunks   []chunk
	plainOff []int64 // where each of them begins in the plain stream
	plain    int64   // the length of all of them
	file     int64   // where the next one begins in the file
	reach    int64
	walking  bool // to the end: read in larger pieces
	fetched  int64

	at      int // the chunk that was decoded last, plus 1
	decoded []byte
}

func newUnpacker(s *source) *unpacker {
	return &unpacker{s: s, file: firstChunk, reach: frontReach}
}

// walk lets it follow the chunks to the end of the file. It reports false for
// a file that is too large for that.
func (u *unpacker) walk() bool {
	u.walking, u.reach = u.s.size <= smallFile, smallFile
	return u.walking
}

func (u *unpacker) end(off int64) bool {
	return off == u.plain && u.file == u.s.size
}

// view gives bytes of the plain stream.
func (u *unpacker) view(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 {
		return nil, errPastEnd
	}
	for u.plain-off < int64(n) {
		if err := u.add(); err != nil {
			return nil, err
		}
	}
	out := make([]byte, 0, n)
	first := sort.Search(len(u.chunks), func(i int) bool { return u.plainOff[i]+u.chunks[i].plain > off })
	for i := first; len(out) < n; i++ {
		data, err := u.chunk(i)
		if err != nil {
			return nil, err
		}
		from := off + int64(len(out)) - u.plainOff[i]
		out = append(out, data[from:min(int64(len(data)), from+int64(n-len(out)))]...)
	}
	return out, nil
}

// add finds the next chunk.
func (u *unpacker) add() error {
	if u.file == u.s.size {
		return errPastEnd
	}
	if u.file > u.reach {
		return errLimit
	}
	if err := u.fetch(); err != nil {
		return err
	}
	c, err := u.s.chunkAt(u.file, u.filemark)
	if err != nil {
		return err
	}
	u.chunks = append(u.chunks, c)
	u.plainOff = append(u.plainOff, u.plain)
	u.plain += c.plain
	u.file = c.next()
	return nil
}

// fetch reads ahead where the whole file is walked through.
func (u *unpacker) fetch() error {
	if !u.walking || u.file+walkRequest/2 <= u.fetched || u.fetched == u.s.size {
		return nil
	}
	n := min(walkRequest, u.s.size-u.file)
	u.fetched = u.file + n
	_, err := u.s.view(u.file, int(n))
	return err
}

func (u *unpacker) chunk(i int) ([]byte, error) {
	if u.at == i+1 {
		return u.decoded, nil
	}
	data, err := u.s.decode(u.chunks[i])
	if err == nil {
		u.at, u.decoded = i+1, data
	}
	return data, err
}
