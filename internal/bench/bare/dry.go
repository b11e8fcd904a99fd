package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// body is a request for one backup in OBS.
type body struct {
	BaseInfo struct {
		Name        string   `json:"name"`
		EngineType  string   `json:"engine_type"`
		Description string   `json:"description"`
		Tags        []string `json:"tags"`
	} `json:"base_info"`
	TargetDBInfo struct {
		TargetInstanceID   string `json:"target_instance_id"`
		MSFileStreamStatus string `json:"ms_file_stream_status"`
		FileID             string `json:"file_id"`
	} `json:"target_db_info"`
	BackupInfo struct {
		FileSource string `json:"file_source"`
		BucketName string `json:"bucket_name"`
		Files      []file `json:"files"`
	} `json:"backup_info"`
	Options struct {
		IsCover            bool              `json:"is_cover"`
		IsDefaultRestore   bool              `json:"is_default_restore"`
		IsLastBackup       bool              `json:"is_last_backup"`
		IsPrecheck         bool              `json:"is_precheck"`
		RecoveryMode       string            `json:"recovery_mode"`
		DBNames            []string          `json:"db_names"`
		ResetDBNameMap     map[string]string `json:"reset_db_name_map"`
		IsDeleteBackupFile bool              `json:"is_delete_backup_file"`
	} `json:"options"`
}

type file struct {
	Name    string `json:"name"`
	OBSPath string `json:"obs_path"`
}

// dry marshals n requests and prints them.
func dry(w io.Writer, n string) error {
	count, err := strconv.Atoi(n)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for i := range count {
		if err := enc.Encode(request(i)); err != nil {
			return err
		}
	}
	return out.Flush()
}

func request(i int) (b body) {
	b.BaseInfo.Name, b.BaseInfo.EngineType = fmt.Sprintf("ims-prod-%06d", i), "sqlserver"
	b.BaseInfo.Description = "log backup " + b.BaseInfo.Name
	b.TargetDBInfo.TargetInstanceID, b.TargetDBInfo.MSFileStreamStatus = "0a3182607bc549bcb46cc9a8755761a6in04", "off"
	b.BackupInfo.FileSource, b.BackupInfo.BucketName = "OBS", "zyy-obs"
	b.BackupInfo.Files = []file{{fmt.Sprintf("ims_log%06d.bak", i), "floder/LOG/"}}
	b.Options.RecoveryMode, b.Options.DBNames = "incre", []string{"ims"}
	b.Options.IsPrecheck, b.Options.IsDeleteBackupFile = true, true
	return b
}
