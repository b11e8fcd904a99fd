package backup

import (
	"errors"
	"fmt"
	"math/bits"
)

// A compressed file is a header, then chunks: compressed ones, and raw ones
// that hold a filemark. Together they are the plain MTF stream.
const (
	containerMagic    = "MSSQLBAK"
	containerVersion  = 0x08
	containerBits     = 0x0c
	firstChunk        = 0x1e0
	bitEncrypted      = 0x04
	bitZstandard      = 0x80
	chunkHeader       = 28
	chunkSectors      = 1 // place of the plain size, in sectors
	chunkSize         = 2 // place of the compressed size
	chunkSumOff       = 24
	rawBase           = 24
	maxChunkSectors   = 128
	kindCompressed    = 0x21
	kindRaw           = 0x24
	kindSeekTable     = 0x2c
	seekCount         = 28
	seekEntries       = 40
	seekEntrySize     = 16
	seekFileOffset    = 8       // in an entry, after the plain offset
	maxSeekEntries    = 1 << 16 // one for each file of the database, and three more
	maxFilemarkSearch = 1 << 16
)

var errNoChunk = errors.New("no chunk header")

// chunk is a piece of a compressed file.
type chunk struct {
	at      int64 // of its header
	payload int64
	size    int64 // of the payload
	plain   int64 // of what it holds
	raw     bool
	sum     uint32 // of the payload, where it is compressed
}

func (c chunk) next() int64 { return c.payload + c.size }

// chunkAt reads the chunk header at p. Only bytes 0 to 3 of a header and its
// checksum mean something; the others are uninitialised memory.
func (s *source) chunkAt(p, filemark int64) (chunk, error) {
	h, err := s.view(p, chunkHeader)
	if err != nil {
		return chunk{}, err
	}
	n := int64(u16(h, chunkSize))
	switch h[0] {
	case kindCompressed:
		c, err := s.compressedChunk(p, n, int64(h[chunkSectors]))
		c.sum = u32(h, chunkSumOff)
		return c, err
	case kindRaw:
		return s.rawChunk(p, p+rawBase+n, p+chunkHeader)
	case kindSeekTable:
		end, _, err := s.seekTable(p)
		if err != nil {
			return s.rawChunk(p, 0, p+chunkHeader)
		}
		return s.rawChunk(p, align(end, max(filemark, sector)), end)
	}
	return chunk{}, errNoChunk
}

func (s *source) compressedChunk(p, n, sectors int64) (chunk, error) {
	c := chunk{at: p, payload: p + chunkHeader, size: n, plain: sectors * sector}
	switch {
	case sectors < 1 || sectors > maxChunkSectors || n <= xpressTable:
		return chunk{}, errNoChunk
	case c.next() > s.size:
		return chunk{}, errPastEnd
	}
	return c, nil
}

// rawChunk has its filemark at payload, or else on the first sector after
// least that begins with one.
func (s *source) rawChunk(p, payload, least int64) (chunk, error) {
	if c, err := s.filemarkAt(p, payload, least); err == nil || errors.Is(err, errPastEnd) {
		return c, err
	}
	for q := align(least, sector); q <= least+maxFilemarkSearch; q += sector {
		c, err := s.filemarkAt(p, q, least)
		if err == nil || !errors.Is(err, errNoBlock) {
			return c, err
		}
	}
	return chunk{}, fmt.Errorf("raw chunk at %d: %w", p, errNoBlock)
}

func (s *source) filemarkAt(p, payload, least int64) (chunk, error) {
	if payload < least || payload%sector != 0 {
		return chunk{}, errNoBlock
	}
	mark, err := blockAt(s, payload)
	switch {
	case err != nil:
		return chunk{}, err
	case mark.kind != "SFMB":
		return chunk{}, errNoBlock
	case payload+mark.size > s.size:
		return chunk{}, errPastEnd
	}
	return chunk{at: p, payload: payload, size: mark.size, plain: mark.size, raw: true}, nil
}

// seekTable reads the table at p: where it ends, and the place of the chunk
// that its last entry names, the one with MSLS.
func (s *source) seekTable(p int64) (end, last int64, err error) {
	h, err := s.view(p, seekEntries)
	if err != nil {
		return 0, 0, err
	}
	n := int64(u32(h, seekCount))
	if n < 1 || n > maxSeekEntries {
		return 0, 0, fmt.Errorf("seek table of %d entries", n)
	}
	end = p + seekEntries + n*seekEntrySize
	entry, err := s.view(end-seekEntrySize, seekEntrySize)
	if err != nil {
		return 0, 0, err
	}
	return end, size(entry, seekFileOffset), nil
}

// decode gives what a chunk holds.
func (s *source) decode(c chunk) ([]byte, error) {
	b, err := s.view(c.payload, int(c.size))
	if err != nil || c.raw {
		return b, err
	}
	err = s.sums.check(c.sum, b)
	var plain []byte
	if err == nil {
		plain, err = decompress(b, int(c.plain))
	}
	if err != nil {
		return nil, fmt.Errorf("chunk at %d: %w", c.at, err)
	}
	return plain, nil
}

// checksums says whether the chunks of a file have the checksum known here: all
// chunks of all files seen do. Where the first ones fit nothing, they may be of
// another kind, and say nothing.
type checksums struct{ fit, fail bool }

var errChecksum = errors.New("its checksum is wrong")

func (s *checksums) check(sum uint32, b []byte) error {
	switch {
	case chunkSum(b) == sum:
		s.fit = true
	case s.fit:
		return errChecksum
	default:
		s.fail = true
	}
	return nil
}

// chunkSum turns the sum left by a bit before each word is XORed to it. Zeros
// fill the last word.
func chunkSum(b []byte) (sum uint32) {
	for ; len(b) >= 4; b = b[4:] {
		sum = bits.RotateLeft32(sum, 1) ^ u32(b, 0)
	}
	if len(b) > 0 {
		var last [4]byte
		copy(last[:], b)
		sum = bits.RotateLeft32(sum, 1) ^ u32(last[:], 0)
	}
	return sum
}
