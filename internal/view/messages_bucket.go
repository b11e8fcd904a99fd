package view

// The problems of a bucket that no server names.
const (
	BucketSwitchedOff  = "the OBS endpoint is set to none"
	BucketNotReached   = "the bucket is not read, since --obs-endpoint or MIGPLAN_OBS_ENDPOINT is none"
	BucketEndpointless = "DRS has an endpoint of its own, so the endpoint of OBS is not known"
	ObjectClientKey    = "it is encrypted with a key that the client keeps (SSE-C)"
	ObjectKMS          = "it is encrypted with KMS"
)

// What to do about a bucket or an object that cannot be read.
const (
	SwitchBucketOn    = "run it without --obs-endpoint none"
	ReachBucket       = "give the endpoint of OBS, or read a folder instead"
	GiveOBSEndpoint   = "set MIGPLAN_OBS_ENDPOINT"
	WriteOBSEndpoint  = "write --obs-endpoint or MIGPLAN_OBS_ENDPOINT as https://host"
	TryLater          = "run it again later"
	CheckObjectName   = "check the bucket and the name, including upper and lower case"
	RestoreObject     = "restore the object in OBS, or change its storage class to Standard"
	AwaitRestore      = "wait until the restore in OBS has finished"
	AwaitUpload       = "it was replaced while it was read: run it again when the upload has ended"
	CheckOBSEndpoint  = "OBS does not answer like this: check the region, --obs-endpoint and the proxy"
	GiveLongerPrefix  = "give a longer prefix"
	CheckBucketName   = "check the name of the bucket and of the object"
	UploadUnencrypted = "upload it without encryption, which DRS does not support"
)

// ObjectArchived says that an object of a storage class is in the archive.
func ObjectArchived(storageClass string, restoring bool) string {
	text := "it is archived, in storage class " + storageClass
	if restoring {
		text += ", and its restore has not finished"
	}
	return text
}

// GrantRead is what to do about a bucket that refuses to be read: the permission
// that docs/permissions.md grants.
func GrantRead(listing bool) string {
	permission := "obs:object:GetObject on the object"
	if listing {
		permission = "obs:bucket:ListBucket on the bucket"
	}
	return "check the access key; it needs " + permission + " (docs/permissions.md)"
}
