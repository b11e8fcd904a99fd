// Package backup reads what SQL Server backup files (.bak, .trn) say of
// themselves, without a SQL Server, and checks whether a row of them is a
// restore chain.
//
// # Reading
//
// Read asks an io.ReaderAt for a few ranges at the beginning and at the end of
// a file, never for the whole: two of 64 KiB for a file with one backup set.
// So a file may as well be an object in a bucket. It gives a Media: what
// RESTORE LABELONLY, HEADERONLY and FILELISTONLY show, under their names. A
// file in which no backup set can be read is an *UnreadableError with a Reason;
// any other error is the io.ReaderAt's, and says nothing of the file.
//
// Plain files of SQL Server 2005 to 2025 are read, and files compressed with
// MS_XPRESS (BACKUP WITH COMPRESSION) of 2016 on. Encrypted backups, those
// compressed with ZSTD, and containers of older versions are recognised and
// reported as an UnreadableError. No data page is looked at, so damage there
// is not found: that takes RESTORE VERIFYONLY.
//
// A backup set has its header twice: at the front, written when the backup
// started, and at the end. Only the one at the end is true. From SQL Server
// 2019 on the LSNs at the front of full and differential backups are wrong.
// Where only the front could be read, a set is Provisional and the Media is not
// Complete.
//
// The chunks of a compressed file have a checksum, which is compared. The headers
// of a plain file have none. So what they say twice is compared: what cannot
// change while a backup runs is the same in both, the one at the end has LastLSN
// twice, and a file is no shorter than its headers say. A Media in which
// something differs is not Complete.
//
// Dates are the server's local time, and typed so: DateTime is no instant
// without a TimeZone.
//
// # Chains
//
// CheckChain takes files in the order of a restore and gives findings: what is
// missing or wrong, what SQL Server would answer, and what to do. It is pure.
// Arrange sorts files of any order into chains first, by their headers alone.
//
// # Trying your own files
//
// A test reads real files and compares what it read with expectations:
//
//	go test ./pkg/backup -run RealFiles -v -files FOLDER -expect FILE.json
//
// testdata/README.md describes the JSON. Without -expect it logs what it read
// in that form. Without -files there is nothing for it to do, and it passes.
package backup
