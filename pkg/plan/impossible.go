package plan

import "fmt"

// impossible explains a key for what the API cannot do, with the nearest way
// to get there; docs/verify.md has the same list. ok is false for any other
// key.
func impossible(key, word string) (summary, hint string, ok bool) {
	switch word {
	case "stop_at", "stopat", "stop_before", "stop_at_mark", "point_in_time", "restore_to":
		return fmt.Sprintf("%q: DRS cannot stop a restore at a time, it restores whole files", key),
			"end the plan with the log backup that ends nearest to it; migplan verify --stop-at TIME names it", true
	case "certificate", "cert", "private_key", "encryption", "encryption_key", "decryption":
		return fmt.Sprintf("%q: DRS takes no certificate for an encrypted backup", key),
			"take the backup without encryption, and protect the bucket", true
	case "stripes", "striped", "striping":
		return fmt.Sprintf("%q: DRS restores each database from one file", key), "take the backup into one file", true
	}
	return "", "", false
}
