package drs

import (
	"strings"
	"time"
)

// OfflineTaskInfo is one job in a list (list page, jobs). It has no files,
// target, options or tags: a list alone cannot prove which step a job is.
type OfflineTaskInfo struct {
	ID          string
	Name        string
	Status      string // as DRS spells it; see ParseStatus
	Description string
	ErrorLog    string
	FinishTime  time.Time // zero if it could not be read
}

// Job is the result of ShowReplicationJob (detail page).
type Job struct {
	OfflineTaskInfo
	BucketName       string
	FileNames        []string // as in the answer: the page has no obs_path, so without folders
	TargetInstanceID string
	RecoveryMode     string // RecoveryModeFull or RecoveryModeIncre for any known spelling; else as in the answer
	IsLastBackup     bool
	HasIsLastBackup  bool // whether the answer contains it
	IsCover          bool
	HasIsCover       bool // whether the answer contains it
	DBNames          []string
	NewDBNames       string
	Date             time.Time // the server's clock, zero if it is missing or not reliable
}

// wireTask is the JSON of a list item.
type wireTask struct {
	ID          text `json:"id"`
	Name        text `json:"name"`
	Status      text `json:"status"`
	Description text `json:"description"`
	ErrorLog    text `json:"error_log"`
	FinishTime  text `json:"finish_time"`
}

func (w wireTask) task() OfflineTaskInfo {
	return OfflineTaskInfo{
		ID: string(w.ID), Name: string(w.Name), Status: string(w.Status),
		Description: string(w.Description), ErrorLog: string(w.ErrorLog),
		FinishTime: parseTime(w.FinishTime),
	}
}

// wireList is the answer of ListReplicationJobs.
type wireList struct {
	Count *int        `json:"count"`
	Jobs  *[]wireTask `json:"jobs"`
}

// wireJob is the answer of ShowReplicationJob. A request has files[].name, the
// answer file_info[].file_name.
type wireJob struct {
	wireTask
	BackupInfo struct {
		BucketName text `json:"bucket_name"`
		FileInfo   []struct {
			FileName text `json:"file_name"`
			OBSPath  text `json:"obs_path"` // not on the page; used if present
		} `json:"file_info"`
	} `json:"backup_info"`
	BaseInfo struct {
		Name        text `json:"name"`
		Description text `json:"description"`
	} `json:"base_info"`
	TargetDBInfo struct {
		TargetInstanceID text `json:"target_instance_id"`
	} `json:"target_db_info"`
	Options struct {
		IsCover      boolean `json:"is_cover"`
		IsLastBackup boolean `json:"is_last_backup"`
		RecoveryMode text    `json:"recovery_mode"`
		DBNames      []text  `json:"db_names"`
	} `json:"options"`
	NewDBNames text `json:"new_db_names"`
}

func (w wireJob) job() Job {
	j := Job{
		OfflineTaskInfo:  w.task(),
		BucketName:       string(w.BackupInfo.BucketName),
		TargetInstanceID: string(w.TargetDBInfo.TargetInstanceID),
		RecoveryMode:     recoveryMode(string(w.Options.RecoveryMode)),
		IsLastBackup:     w.Options.IsLastBackup.value,
		HasIsLastBackup:  w.Options.IsLastBackup.said,
		IsCover:          w.Options.IsCover.value,
		HasIsCover:       w.Options.IsCover.said,
		NewDBNames:       string(w.NewDBNames),
	}
	for _, f := range w.BackupInfo.FileInfo {
		j.FileNames = append(j.FileNames, string(f.OBSPath)+string(f.FileName))
	}
	for _, n := range w.Options.DBNames {
		j.DBNames = append(j.DBNames, string(n))
	}
	j.Name = firstOf(string(w.BaseInfo.Name), j.Name)
	j.Description = firstOf(string(w.BaseInfo.Description), j.Description)
	return j
}

// recoveryMode converts "1" and "2", which the detail gives (Terraform provider,
// 2019 API), to the words of the request.
func recoveryMode(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "full":
		return RecoveryModeFull
	case "2", "incre":
		return RecoveryModeIncre
	}
	return s
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
