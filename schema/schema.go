// Package schema holds the JSON Schema of a plan file.
package schema

import _ "embed"

// Plan is the JSON Schema (draft 2020-12) of a plan file. migplan and editors use
// it to check the structure of a plan.
//
//go:embed plan.schema.json
var Plan []byte
