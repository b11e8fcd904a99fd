package backup

import "errors"

// What is tried to find the end of a compressed file.
const (
	maxTailPlain = 8 << 20 // bytes of plain stream from MSLS to the end
	maxGuesses   = 128     // places that are decoded
)

// chunkTail reads the end of a compressed file. Its seek table names the
// chunk with MSLS; where none is found, every compressed chunk is tried.
func (s *source) chunkTail(filemark int64) (tail, error) {
	guesses := maxGuesses
	low := int64(firstChunk)
	for _, n := range tailWindows {
		low = max(firstChunk, s.size-n)
		if low >= s.size {
			break
		}
		b, err := s.view(low, int(s.size-low))
		if err != nil {
			return tail{}, err
		}
		if t, err := s.bySeekTable(b, low, filemark, &guesses); err == nil {
			return t, nil
		}
		if low == firstChunk || !endsWithMark(b) {
			break
		}
	}
	return s.byScan(low, filemark)
}

// bySeekTable looks for a seek table in b, the end of the file from low on,
// from the end to the front.
func (s *source) bySeekTable(b []byte, low, filemark int64, guesses *int) (tail, error) {
	for i := len(b) - seekEntries; i >= 0 && *guesses > 0; i-- {
		if b[i] != kindSeekTable {
			continue
		}
		p := low + int64(i)
		_, last, err := s.seekTable(p)
		if err != nil || last < low || last >= p || b[last-low] != kindCompressed {
			continue
		}
		*guesses--
		if t, err := s.tailFrom(last, p, filemark); err == nil {
			return t, nil
		}
	}
	return tail{}, errNoTail
}

// byScan takes every compressed chunk for the one with MSLS that has a valid
// table and another chunk after it.
func (s *source) byScan(low, filemark int64) (tail, error) {
	b, err := s.view(low, int(s.size-low))
	if err != nil || !endsWithMark(b) {
		return tail{}, errors.Join(errNoTail, err)
	}
	guesses := maxGuesses
	for i := len(b) - chunkHeader; i >= 0 && guesses > 0; i-- {
		if b[i] != kindCompressed || !isXpress(b[i+chunkHeader:]) {
			continue
		}
		guesses--
		if t, err := s.tailFrom(low+int64(i), 0, filemark); err == nil {
			return t, nil
		}
	}
	return tail{}, errNoTail
}

// tailFrom decodes all chunks from p to the end of the file: MSLS, and what
// follows it. The first of them may begin inside the block before MSLS. Where
// table is given, one of them must begin there.
func (s *source) tailFrom(p, table, filemark int64) (tail, error) {
	var plain []byte
	seen := table == 0
	for p < s.size {
		c, err := s.chunkAt(p, filemark)
		if err != nil {
			return tail{}, err
		}
		data, err := s.decode(c)
		if err != nil {
			return tail{}, err
		}
		seen = seen || p == table
		if plain = append(plain, data...); len(plain) > maxTailPlain || !hasLastRecord(plain) {
			return tail{}, errNoTail
		}
		p = c.next()
	}
	if !seen {
		return tail{}, errNoTail
	}
	return lastTail(memory(plain))
}

// hasLastRecord reports an MSLS block in m, so that most wrong guesses end
// with their first chunk.
func hasLastRecord(m memory) bool {
	for off := 0; off+blockHeader <= len(m); off += sector {
		if string(m[off:off+4]) == "MSLS" && isBlock(m[off:]) {
			return true
		}
	}
	return false
}
