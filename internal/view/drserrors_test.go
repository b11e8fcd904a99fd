package view

import (
	"strings"
	"testing"
)

// What DRS is known to say, by the catalogue of failures; and texts that look like
// it and mean something else, which stay unknown. It is long because it contains a
// table.
func TestMeaningOf(t *testing.T) {
	for _, c := range []struct {
		about string // words of the cause; "" where the text is unknown
		texts []string
	}{
		{"the log backup does not start where", []string{
			"The LSN of the incremental backup file is not continuous with that of the previous backup file: LOG/ims_log2.bak",
			"LSN not continuous",
			"The incremental backup file is not continuous with the previous one.",
			"The log in this backup set begins at LSN 43000, which is too recent to apply to the database.",
			"The log in this backup set terminates at LSN 42000, which is too early to apply to the database.",
		}},
		{"the object is not in the bucket", []string{
			"Backup file not found. restore:null floder/ims.bak",
			"restore:null", "BACKUP FILE NOT FOUND.", "The backup file ims.bak does not exist.", "NoSuchKey: the specified key does not exist",
		}},
		{"the database is not in the backup file", []string{
			"The source database is not in the backup file list: ims",
			"Source database not in backup file list",
			"Database ims is not in the backup file list",
		}},
		{"a database with this name", []string{
			"A database with the same name already exists in the destination instance: ims",
			"The destination DB instance has a same-name database.",
			"Database 'ims' already exists. Choose a different database name.",
		}},
		{"not of the type", []string{
			"The full backup type is selected, but the backup file is a log backup file: a.bak",
			"The full backup type is selected, but the backup file is an incremental backup file: a.bak",
			"The incremental backup type is selected, but the backup file is a full backup file: a.bak",
			"The incremental backup type is selected, but the backup file is a differential backup file: a.bak",
		}},
		{"damaged", []string{
			"Backup file verification failed: floder/ims.bak", "Backup file verification failed", "Backup verification failed.",
			"Failed to obtain the restoration file information: ims.bak", "The backup file ims.bak is corrupted.", "The backup file is incomplete.",
		}},
		{"not enough free space", []string{
			"Insufficient storage space of the destination instance.", "Insufficient space", "The storage space is insufficient",
			"There is insufficient free space on disk volume 'D:\\' to create the database.", "Not enough disk space.",
		}},
		{"wants the databases by name", []string{
			"A partial restore must specify the database name: the db_names parameter is empty.", "partial restore without database name",
		}},
		{"more than 100 databases", []string{
			"The number of restored databases exceeds the threshold of the destination instance (100).",
			"restored DB count exceeds target threshold", "The number of databases exceeds the upper limit.",
		}},
		{"primary and standby", []string{
			"A primary/standby switchover of the destination database was performed during the migration.",
			"A failover occurred.",
		}},
		{"", []string{
			"", "unknown error", "DRS.M00004",
			// lsn, continuous
			"The header of the log backup shows no LSN.", "The LSN of the backup cannot be read", "The network is not continuous",
			"The LSN is continuous",
			// not found
			"The user was not found", "The file group does not exist", "Database ims does not exist", "no such keyspace", "The file does not exist on the standby",
			// not in the list
			"The backup file list cannot be read", "The page checksum is not in the backup file",
			// same name
			"A job with the same name already exists", "The login app already exists", "Two files have the same name",
			"No database with the same name exists in the backup", "The file ims.mdf of the database already exists",
			"File 3 of database ims already exists", "Failed to check same-name databases on the destination",
			// type
			"The node is a full member of the cluster", "The backup type cannot be read", "The file is a full backup of a newer SQL Server",
			"ims is a log shipping secondary",
			// verification, corrupt
			"Signature verification failed", "Certificate verification failed", "The request is incomplete", "The backup file is not corrupt",
			"0 corrupt pages were found",
			"Backup file verification failed: database ims is split over several files.",
			"Backup file verification failed: only one database can be renamed.",
			// space
			"Failed to create the namespace", "The tablespace is locked", "Insufficient permissions", "Insufficient memory in the workspace",
			"Failed to read floder/insufficient_space.bak", "Failed to read insufficient space.bak", "Space is not insufficient",
			// partial restore
			"Specify the database engine version", "A partial restore failed",
			// exceeds
			"The file name exceeds 200 characters", "Memory exceeds the threshold", "The size of the databases exceeds the quota",
			"The number of files exceeds the threshold",
			// switchover
			"The switchover button is greyed out", "No failover occurred", "The instance has no failover partner", "A switchover check was performed", "A switchover cannot be performed",
			"The database is in a failover group",
			// halves in two sentences
			"The LSN was read. The connection is not continuous.",
		}},
	} {
		for _, text := range c.texts {
			got := meaningOf("", text)
			switch {
			case got == nil && c.about != "":
				t.Errorf("%q is unknown, want %q", text, c.about)
			case got != nil && (c.about == "" || !strings.Contains(got.cause, c.about)):
				t.Errorf("%q means %q, want %q", text, got.cause, c.about)
			}
		}
	}
}
