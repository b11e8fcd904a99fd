package backup

// Places in a TSMP stream, and in an entry of it.
const (
	mapSets       = 4 // family id u32, number of sets u16, padding
	mapHeader     = 8
	entryLength   = 0x60
	entryAddress  = 0x0c
	entryPosition = 0x1e
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

// readMap reads the TSMP stream of an ESET block. An entry is followed by
// strings and by an entry for its volume, of sizes that are not known: so it
// looks for the next one, by its length, its Position and an address after
// the one before.
func readMap(b []byte) setMap {
	if len(b) < mapHeader {
		return setMap{}
	}
	m := setMap{claimed: u16(b, mapSets)}
	last := int64(0)
	for off := mapHeader; off+entryLength <= len(b) && len(m.addresses) <= maxSets; off++ {
		address := size(b, off+entryAddress)
		isEntry := u16(b, off) == entryLength && u16(b, off+entryPosition) == len(m.addresses)+1
		if isEntry && address > last && address%sector == 0 {
			m.addresses = append(m.addresses, address)
			last = address
			off += entryLength - 1
		}
	}
	return m
}
