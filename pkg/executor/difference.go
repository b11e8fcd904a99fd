package executor

// Value names something that a job, a chain or a plan file has and that is compared.
type Value string

// The values. Those of a job are named as in its details (API page "Querying Backup
// Migration Details").
const (
	ValueTargetInstance    Value = "target_instance_id"
	ValueBucket            Value = "bucket_name"
	ValueFiles             Value = "file_name"
	ValueRecoveryMode      Value = "recovery_mode"
	ValueIsLastBackup      Value = "is_last_backup"
	ValueDatabases         Value = "db_names"
	ValueIsCover           Value = "is_cover"
	ValueMarker            Value = "marker" // in the description
	ValueFolder            Value = "folder" // of the files
	ValueRegion            Value = "region"
	ValueEnterpriseProject Value = "enterprise_project_id"
	ValueEndpoint          Value = "endpoint"
	ValueCredentials       Value = "credentials"
	ValueProject           Value = "project_id"
	ValueName              Value = "name"
	ValueGeneration        Value = "generation"
)

// Difference is a value that is not as it should be.
type Difference struct {
	Value Value
	Got   string // what the job, the file or this run has; "" for none
	Want  string // what the step has, or what the chain was opened with
}
