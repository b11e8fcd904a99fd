package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
)

// Request is the finished create-job request of one attempt of a step.
type Request struct {
	JobName string
	Body    []byte // the exact bytes that are sent
	SHA256  string // of Body, in hex
}

// Request builds the request of an attempt. Attempts count from 1.
func (s Step) Request(attempt int) (Request, error) {
	content := drs.CreateOfflineTaskReq{
		BaseInfo:     s.baseInfo(attempt),
		TargetDBInfo: s.targetDBInfo(),
		BackupInfo:   s.backupInfo(),
		Options:      s.options(),
	}
	var buf bytes.Buffer
	buf.Grow(1024) // enough for most requests
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // names and keys are sent as written
	if err := enc.Encode(content); err != nil {
		return Request{}, err
	}
	body := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	sum := sha256.Sum256(body)
	return Request{JobName: content.BaseInfo.Name, Body: body, SHA256: hex.EncodeToString(sum[:])}, nil
}

func (s Step) baseInfo(attempt int) drs.BackupJobBaseInfo {
	p := s.Plan
	tags := make([]drs.ResourceTag, len(p.Tags))
	for i, t := range p.Tags {
		tags[i] = drs.ResourceTag{Key: t.Key, Value: t.Value}
	}
	return drs.BackupJobBaseInfo{
		Name:                s.JobName(attempt),
		EngineType:          drs.EngineTypeSQLServer,
		EnterpriseProjectID: p.Target.EnterpriseProjectID,
		Description:         strings.TrimLeft(p.Description+" "+s.Marker().String(), " "),
		Tags:                tags,
	}
}

func (s Step) targetDBInfo() drs.BackupJobEndpointInfo {
	info := drs.BackupJobEndpointInfo{
		TargetInstanceID:   s.Plan.Target.InstanceID,
		MSFileStreamStatus: drs.FileStreamOff,
	}
	if s.Plan.Target.Filestream {
		info.MSFileStreamStatus = drs.FileStreamOn
	}
	if s.Plan.Source.RDS != nil {
		info.FileID = s.Backup.Keys[0]
	}
	return info
}

func (s Step) backupInfo() drs.BackupInfo {
	if rds := s.Plan.Source.RDS; rds != nil {
		return drs.BackupInfo{FileSource: drs.FileSourceRDS, Files: []drs.BackupFileInfo{
			{RDSVersion: rds.Version, RDSSourceInstanceID: rds.InstanceID},
		}}
	}
	files := make([]drs.BackupFileInfo, len(s.Backup.Keys))
	for i, key := range s.Backup.Keys {
		files[i] = fileInfo(key)
	}
	return drs.BackupInfo{FileSource: drs.FileSourceOBS, BucketName: s.Plan.Source.OBS.Bucket, Files: files}
}

// fileInfo splits an object key: name is its last segment, obs_path the rest
// with its trailing slash, "" at the root of the bucket.
func fileInfo(key string) drs.BackupFileInfo {
	cut := strings.LastIndexByte(key, '/') + 1
	return drs.BackupFileInfo{Name: key[cut:], OBSPath: key[:cut]}
}

// options is table 8. is_cover is the same on every step, as in the page's
// examples.
func (s Step) options() drs.BackupRestoreOptionInfo {
	p := s.Plan
	o := drs.BackupRestoreOptionInfo{
		RecoveryMode:   s.mode(),
		IsLastBackup:   s.Last,
		ResetDBNameMap: map[string]string{},
		IsPrecheck:     p.Precheck,
		DBNames:        p.Databases.Names,
	}
	if p.Databases.All || p.Rename != "" {
		o.DBNames = []string{""}
	}
	if p.Source.RDS != nil {
		s.rdsOptions(&o)
		return o
	}
	if p.Rename != "" {
		o.ResetDBNameMap[""] = p.Rename // the page: the key is the empty string
	}
	o.IsCover = new(p.Overwrite)
	o.IsDefaultRestore = new(p.Databases.All || p.Rename != "")
	o.IsDeleteBackupFile = new(!p.KeepDownloaded)
	return o
}

// rdsOptions follows the page's example for an RDS backup: every listed name
// mapped to "", and the other Booleans left out.
func (s Step) rdsOptions(o *drs.BackupRestoreOptionInfo) {
	p := s.Plan
	for _, name := range p.Databases.Names {
		o.ResetDBNameMap[name] = ""
	}
	if p.Databases.All {
		o.IsDefaultRestore = new(true)
	}
	if p.Overwrite {
		o.IsCover = new(true)
	}
}
