package backup

// Places in a TSMP stream, and in an entry of it.
const (
	mapSets       = 4 // family id u32, number of sets u16, padding
	mapHeader     = 8
	entryLength   = 0x00 // of the entry with its strings
	entryAddress  = 0x0c
	entryPosition = 0x1e
	entryVolumes  = 0x3c // how many entries of a volume follow this one
	entryFixed    = 0x3e
	maxVolumes    = 64 // of one set; SQL Server writes one
)

// maxSets of one file are read.
const maxSets = 512

// setMap lists where the backup sets of a file begin.
type setMap struct {
	claimed   int     // how many sets it says there are
	addresses []int64 // all that were found, be they claimed or not
}

// whole reports that the sets that were found are those that it claims.
func (m setMap) whole() bool {
	return m.claimed > 0 && m.claimed == len(m.addresses)
}

// readMap reads the TSMP stream of an ESET block: for each set an entry, then
// the entries of its volumes. Each of them begins with its length.
func readMap(b []byte) setMap {
	if len(b) < mapHeader {
		return setMap{}
	}
	m := setMap{claimed: u16(b, mapSets)}
	last := int64(0)
	for off := mapHeader; off+entryFixed <= len(b) && len(m.addresses) <= maxSets; {
		address := size(b, off+entryAddress)
		isNext := u16(b, off+entryPosition) == len(m.addresses)+1 && address > last && address%sector == 0
		next, ok := afterEntry(b, off)
		if !isNext || !ok {
			break
		}
		m.addresses = append(m.addresses, address)
		off, last = next, address
	}
	return m
}

// afterEntry is where the entry of the next set begins.
func afterEntry(b []byte, off int) (next int, ok bool) {
	volumes := u16(b, off+entryVolumes)
	if u16(b, off+entryLength) < entryFixed || volumes > maxVolumes {
		return 0, false
	}
	for range volumes + 1 {
		if off+2 > len(b) {
			return 0, false
		}
		length := u16(b, off+entryLength)
		if length < 2 || off+length > len(b) {
			return 0, false
		}
		off += length
	}
	return off, true
}
