package backuptest

// The GUIDs of the tests: no two parts alike, so that a wrong byte order shows.
const (
	GUIDMedia   = "01020304-0506-0708-090A-0B0C0D0E0F10"
	GUIDSet     = "A1A2A3A4-A5A6-A7A8-A9AA-ABACADAEAFB0"
	GUIDBinding = "B1B2B3B4-B5B6-B7B8-B9BA-BBBCBDBEBFC0"
	GUIDFork    = "C1C2C3C4-C5C6-C7C8-C9CA-CBCCCDCECFD0"
	GUIDOldFork = "D1D2D3D4-D5D6-D7D8-D9DA-DBDCDDDEDFE0"
	GUIDFull    = "E1E2E3E4-E5E6-E7E8-E9EA-EBECEDEEEFF0"
	GUIDFamily  = "F1F2F3F4-F5F6-F7F8-F9FA-FBFCFDFEFF01"
	GUIDBase    = "11121314-1516-1718-191A-1B1C1D1E1F20"
	GUIDUnique  = "21222324-2526-2728-292A-2B2C2D2E2F30"
)

// Sample is a file with one full backup of a SQL Server 2017 database.
func Sample() File {
	h := Header{
		Letter: 'D', Flags: 0x210, First: LSN{42, 8512, 37}, Last: LSN{42, 8536, 1}, Checkpoint: LSN{42, 8512, 36},
		Backup: LSN{41, 7000, 3}, ForkPoint: LSN{20, 243, 1}, ChainStart: LSN{19, 215, 1}, Base: LSN{9, 9, 9},
		Status: 0x10000, Major: 14, Build: 3456, Database: "ims", Server: `HOST\SQL`,
		Fork: GUIDFork, OldFork: GUIDOldFork, Binding: GUIDBinding, BackupGUID: GUIDFull, Family: GUIDFamily, BaseGUID: GUIDBase,
		Compatibility: 140, Version: 869, Created: Date{2019, 2, 3, 4, 5, 6}, Started: Date{2027, 2, 28, 21, 44, 59},
	}
	tail := h
	tail.Finished = Date{2027, 2, 28, 21, 45, 2}
	return File{
		Media: Media{Mark: 512, Unit: 512, FamilyID: 0x51423344, MediaSet: GUIDMedia, Stripes: 1, Stripe: 1},
		Sets: []Set{{
			Position: 1, Name: "ims full", User: `CORP\dba`, Machine: "HOST", Description: "nightly",
			Started: Date{2027, 2, 28, 21, 44, 59}, Zone: 32, SetGUID: GUIDSet, Layout: 0x190, Front: h, Tail: tail, Pages: 2,
			Files: []DataFile{
				{ID: 1, Kind: 1, Group: 1, Size: 8 << 20, Logical: "ims", Physical: `D:\data\ims.mdf`, GroupName: "PRIMARY", UniqueID: GUIDUnique},
				{ID: 3, Kind: 1, Group: 2, Size: 5 << 30, Logical: "ims_2", Physical: `E:\data\ims_2.ndf`, GroupName: "ARCHIVE", BaseLSN: LSN{1, 2, 3}, BaseGUID: GUIDBase},
				{ID: 2, Kind: 2, Size: 1 << 20, Logical: "ims_log", Physical: `L:\log\ims.ldf`},
			},
		}},
	}
}

// Of2019 changes the LSNs of the front as SQL Server 2019 does.
func (p File) Of2019() File {
	s := &p.Sets[0]
	s.Front.Major, s.Tail.Major = 15, 15
	s.Front.First, s.Front.Last, s.Front.Checkpoint = LSN{42, 8000, 5}, LSN{42, 8100, 1}, LSN{42, 8000, 5}
	return p
}
