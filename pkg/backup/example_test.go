package backup_test

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/migplan/migplan/pkg/backup"
)

// Read what a file says of itself. An *UnreadableError is about the file; any
// other error is about reading it.
func ExampleRead() {
	file, err := os.Open("ims.bak")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		log.Fatal(err)
	}
	media, err := backup.Read(file, info.Size())
	var unreadable *backup.UnreadableError
	switch {
	case errors.As(err, &unreadable) && unreadable.Reason == backup.Encrypted:
		fmt.Println("a backup, and nothing more can be said without its certificate")
	case err != nil:
		log.Fatal(err)
	case !media.Complete:
		fmt.Println("not whole:", media.Incomplete)
	default:
		for _, set := range media.Sets {
			fmt.Println(set.DatabaseName, set.BackupType, set.FirstLSN, set.LastLSN)
		}
	}
}

// Check a row of backups. Media usually comes from Read.
func ExampleCheckChain() {
	whole := func(s backup.Set) *backup.Media {
		return &backup.Media{Complete: true, Sets: []backup.Set{s}}
	}
	chain := []backup.Backup{
		{Name: "ims.bak", Media: whole(backup.Set{
			DatabaseName: "ims", BackupType: backup.Full,
			FirstLSN: backup.LSN{VLF: 42, Block: 8512, Slot: 37}, LastLSN: backup.LSN{VLF: 42, Block: 8536, Slot: 1},
		})},
		{Name: "ims_2.trn", Media: whole(backup.Set{
			DatabaseName: "ims", BackupType: backup.Log,
			FirstLSN: backup.LSN{VLF: 42, Block: 8600, Slot: 1}, LastLSN: backup.LSN{VLF: 42, Block: 8700, Slot: 1},
		})},
	}
	for _, f := range backup.CheckChain(chain, backup.Options{}) {
		fmt.Printf("%s: %s (%s, SQL Server error %d)\n", f.File, f.Severity, f.ID, f.Message)
		fmt.Println(f.Action)
	}
	// Output:
	// ims_2.trn: error (log-missing, SQL Server error 4305)
	// add the log backup that begins at or before LSN 42000000853600001
}
