package credentials

// Kind is the class of an Error. The command turns it into its exit code.
type Kind string

// The kinds of Error.
const (
	// NotFound: no source has a credential.
	NotFound Kind = "not found"
	// Setting: a variable, flag or file is incomplete or invalid. Nothing was
	// sent.
	Setting Kind = "setting"
	// Refused: IAM refused the user. Another attempt may lock the account.
	Refused Kind = "refused"
	// NoKey: the source has a token, and the service takes only access keys.
	NoKey Kind = "no key"
	// Unavailable: the source gave no usable answer. A later run may succeed.
	Unavailable Kind = "unavailable"
)

// Error says why there is no credential or endpoint. Its fields contain no secret
// and no text from a server.
type Error struct {
	Kind    Kind
	Place   string   // the variable, flag, file or service
	Problem string   // what is wrong with it
	Remedy  string   // what a person should do, may be empty
	Looked  []string // for NotFound: every source, and the result
}

// Error returns place and problem in one line, without the remedy and the places.
func (e *Error) Error() string {
	text := e.Problem
	if e.Place != "" {
		text = e.Place + ": " + text
	}
	return text
}

func settingError(place, problem, remedy string) *Error {
	return &Error{Kind: Setting, Place: place, Problem: problem, Remedy: remedy}
}

func unavailable(place, problem string) *Error {
	return &Error{Kind: Unavailable, Place: place, Problem: problem, Remedy: "try again later"}
}
