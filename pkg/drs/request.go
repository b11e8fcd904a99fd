// Package drs is a client for the backup migration part of Huawei Cloud's DRS v5
// API, and nothing else: POST and GET /v5/{project_id}/backup-migration-jobs.
//
// Names are Huawei's, with Go initialisms, so that a search in the API
// reference finds the code. "Page" in the comments is the API reference page
// "Creating a Backup Migration Task" (drs_03_0283) unless another is named.
package drs

// Fixed values from the page.
const (
	EngineTypeSQLServer = "sqlserver" // table 4, engine_type: the only value
	FileSourceOBS       = "OBS"       // table 6, file_source: upper case is mandatory
	FileSourceRDS       = "RDS"
	RecoveryModeFull    = "full"  // table 8, recovery_mode: a full backup file
	RecoveryModeIncre   = "incre" // table 8, recovery_mode: a log backup file
	FileStreamOff       = "off"   // table 5, ms_file_stream_status: the only value in any example
	FileStreamOn        = "on"
)

// CreateOfflineTaskReq is the body of CreateReplicationJob (page, table 3).
type CreateOfflineTaskReq struct {
	BaseInfo     BackupJobBaseInfo       `json:"base_info"`
	TargetDBInfo BackupJobEndpointInfo   `json:"target_db_info"`
	BackupInfo   BackupInfo              `json:"backup_info"`
	Options      BackupRestoreOptionInfo `json:"options"`
}

// BackupJobBaseInfo is table 4.
type BackupJobBaseInfo struct {
	// Name has 4 to 50 letters, digits, "-" or "_" and starts with a letter.
	// Case is ignored (console and name-validation page).
	Name       string `json:"name"`
	EngineType string `json:"engine_type"`
	// EnterpriseProjectID "0" is the default project; sent only if set.
	EnterpriseProjectID string `json:"enterprise_project_id,omitempty"`
	// Description has at most 256 characters, none of ! = < > ' & " \ (console).
	Description string        `json:"description"`
	Tags        []ResourceTag `json:"tags"`
}

// ResourceTag is one entry of base_info.tags (table 5).
type ResourceTag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// BackupJobEndpointInfo is target_db_info.
type BackupJobEndpointInfo struct {
	TargetInstanceID   string `json:"target_instance_id"`
	MSFileStreamStatus string `json:"ms_file_stream_status"`
	// FileID is the id of an RDS backup; "" for a backup in OBS.
	FileID string `json:"file_id"`
}

// BackupInfo is where the backup files are.
type BackupInfo struct {
	FileSource string           `json:"file_source"`
	BucketName string           `json:"bucket_name,omitempty"`
	Files      []BackupFileInfo `json:"files"`
}

// BackupFileInfo is one backup file; several entries are several databases,
// never stripes of one.
type BackupFileInfo struct {
	Name string `json:"name"`
	// OBSPath is "" at the bucket root, else it ends in one "/". It must be
	// present even if empty, so it has no omitempty.
	OBSPath             string `json:"obs_path"`
	RDSVersion          string `json:"rds_version,omitempty"`
	RDSSourceInstanceID string `json:"rds_source_instance_id,omitempty"`
}

// BackupRestoreOptionInfo is options (table 8). The pointers are nil in a request
// with an RDS source, as in the page's example.
type BackupRestoreOptionInfo struct {
	IsCover          *bool  `json:"is_cover,omitempty"`
	RecoveryMode     string `json:"recovery_mode"`
	IsDefaultRestore *bool  `json:"is_default_restore,omitempty"`
	// IsLastBackup true brings the database online: nothing can be restored
	// after it without starting again from a full backup.
	IsLastBackup       bool              `json:"is_last_backup"`
	ResetDBNameMap     map[string]string `json:"reset_db_name_map"`
	IsPrecheck         bool              `json:"is_precheck"`
	IsDeleteBackupFile *bool             `json:"is_delete_backup_file,omitempty"`
	DBNames            []string          `json:"db_names"`
}
