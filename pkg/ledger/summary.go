package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// details are the fields of all kinds of data that Summary shows.
type details struct {
	JobName    string `json:"job_name"`
	BodySHA256 string `json:"body_sha256"`
	JobID      string `json:"job_id"`
	Status     string `json:"status"`
	ErrorLog   string `json:"error_log"`
	Code       string `json:"code"`
	Message    string `json:"message"`
	Evidence   string `json:"evidence"`
	What       string `json:"what"`
	User       string `json:"user"`
	Host       string `json:"host"`
	Reason     string `json:"reason"`
	Endpoint   string `json:"endpoint"`
	Principal  string `json:"principal"`
	By         string `json:"by"`
	To         string `json:"to"`
}

// Summary is what an event says, in a few words for a person.
func (e Event) Summary() string {
	var d details
	if json.Unmarshal(e.Data, &d) != nil {
		return ""
	}
	if len(d.BodySHA256) > 12 {
		d.BodySHA256 = "sha256 " + d.BodySHA256[:12]
	}
	if d.User != "" {
		d.User = fmt.Sprintf("by %s on %s", d.User, d.Host)
	}
	if d.By != "" {
		d.By = "by chain " + d.By
	}
	if d.To != "" {
		d.To = "to server " + d.To
	}
	words := []string{
		d.What, d.JobName, d.BodySHA256, d.JobID, d.Status, d.Code, d.Message, d.ErrorLog, d.Evidence,
		d.User, d.Reason, d.By, d.To,
	}
	if e.Kind == Opened {
		words = append(words, d.Endpoint, d.Principal)
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	return strings.Join(words, " ")
}
