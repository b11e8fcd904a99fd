package credentials

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"gopkg.in/ini.v1"
)

const (
	profileVariable = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
	profileSection  = "basic" // the SDK's section for regional services
	maxFile         = 64 << 10
)

// readFile reads a small regular file that only its owner can write: whoever can
// write it decides who calls. place is the setting that names the file.
func readFile(place, path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileError(place, path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, settingError(place, path+" is not a regular file", "use a regular file, which can be read again")
	}
	// Windows has no such permission bits.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return nil, settingError(place, path+" can be written by users other than its owner", "chmod 600 "+path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(place, path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fileError(place, path, err)
	}
	if len(data) > maxFile {
		return nil, settingError(place, path+" is larger than 64 KiB", "use the right file")
	}
	return data, nil
}

// fileError keeps the error text of the operating system.
func fileError(place, path string, err error) *Error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return settingError(place, path+": "+err.Error(), "make it readable for the user that runs migplan")
}

// readWord returns the single word in a file; what says in a message which word.
func readWord(place, path, what string) (string, error) {
	data, err := readFile(place, path)
	if err != nil {
		return "", err
	}
	word := strings.TrimSpace(string(data))
	if word == "" {
		return "", settingError(place, path+" is empty", "write the "+what+" into it")
	}
	if !headerSafe(word) {
		return "", settingError(place, path+" has more than one word, or characters outside ASCII", "write only the "+what+" into it")
	}
	return word, nil
}

// profile is the SDK's credentials file.
type profile struct {
	path     string
	explicit bool // named by the variable, so it must exist
}

func findProfile(o Options) (*source, error) {
	p := profilePath(o)
	if p.path == "" {
		return nil, nil
	}
	cred, err := p.read()
	if cred == nil || err != nil {
		return nil, err
	}
	return &source{name: "profile " + p.path, load: p.load}, nil
}

func profilePath(o Options) profile {
	if path := o.get(profileVariable); path != "" {
		return profile{path: path, explicit: true}
	}
	for _, name := range []string{"HOME", "USERPROFILE"} {
		if home := o.get(name); home != "" {
			return profile{path: filepath.Join(home, ".huaweicloud", "credentials")}
		}
	}
	return profile{}
}

// load reads the profile again; it was complete when it was found.
func (p profile) load(context.Context) (credential, error) {
	cred, err := p.read()
	if err != nil {
		return credential{}, err
	}
	if cred == nil {
		return credential{}, settingError(p.path, "no longer has an access key", "write ak and sk into section ["+profileSection+"]")
	}
	return *cred, nil
}

// read returns nil if the default file does not exist or has no access key.
func (p profile) read() (*credential, error) {
	if _, err := os.Stat(p.path); !p.explicit && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	data, err := readFile(profileVariable, p.path)
	if err != nil {
		return nil, err
	}
	get, err := p.parse(data)
	if err != nil {
		return nil, err
	}
	names := keyNames{place: p.path + ": ", access: "ak", secret: "sk", token: "security_token"}
	cred, err := names.read(get)
	if cred == nil && err == nil {
		return nil, p.withoutKey(get)
	}
	return cred, err
}

// parse returns a lookup function for the section. The parser's own error is
// dropped, since it quotes the line.
func (p profile) parse(data []byte) (func(string) string, error) {
	// These options keep duplicates, which the parser would merge.
	file, err := ini.LoadSources(ini.LoadOptions{
		AllowNonUniqueSections: true, AllowShadows: true, AllowDuplicateShadowValues: true,
	}, data)
	if err != nil {
		return nil, settingError(p.path, "does not have the form [section], name = value", "compare it with the SDK's example")
	}
	section, err := file.GetSection(profileSection)
	if err != nil {
		return func(string) string { return "" }, nil
	}
	if err := p.refuseDuplicates(file, section, data); err != nil {
		return nil, err
	}
	return func(name string) string {
		if !section.HasKey(name) {
			return ""
		}
		// Value and not String: %(name)s in a secret is not a reference.
		return section.Key(name).Value()
	}, nil
}

// refuseDuplicates refuses duplicate keys and sections: it is unknown which one
// is meant.
func (p profile) refuseDuplicates(file *ini.File, section *ini.Section, data []byte) error {
	if same, err := file.SectionsByName(profileSection); err == nil && len(same) > 1 {
		return p.duplicate("section ["+profileSection+"]", secondLine(data, "["+profileSection+"]"))
	}
	for _, name := range []string{"ak", "sk", "security_token", "idp_id"} {
		if section.HasKey(name) && len(section.Key(name).ValueWithShadows()) > 1 {
			return p.duplicate(name, secondLine(data, name))
		}
	}
	return nil
}

func (p profile) duplicate(what string, line int) *Error {
	problem := "has a duplicate " + what
	if line > 0 {
		problem += fmt.Sprintf(" on line %d", line)
	}
	return settingError(p.path, problem, "remove one of them")
}

// secondLine finds the second line with the section's header, or with a name
// inside the section, 0 if there is none. The parser keeps no line numbers.
func secondLine(data []byte, what string) int {
	section, seen, number := "", false, 0
	for line := range strings.Lines(string(data)) {
		number++
		name := nameIn(strings.TrimSpace(line))
		if strings.HasPrefix(name, "[") {
			section = name
		}
		if section != "["+profileSection+"]" || name != what {
			continue
		}
		if seen {
			return number
		}
		seen = true
	}
	return 0
}

// nameIn is the [header] or the name at the start of a line.
func nameIn(line string) string {
	if end := strings.IndexByte(line, ']'); end > 0 && line[0] == '[' {
		return line[:end+1]
	}
	name, _, _ := strings.Cut(strings.ReplaceAll(line, ":", "="), "=")
	return strings.Trim(name, " \t\"`")
}

// withoutKey returns an error if a profile without an access key ends the search.
func (p profile) withoutKey(get func(string) string) error {
	if get("idp_id") != "" {
		return noIdentityProvider(p.path + ": idp_id")
	}
	if p.explicit {
		return settingError(p.path, "has no access key", "write ak and sk into section ["+profileSection+"]")
	}
	return nil
}

// noIdentityProvider refuses a setting that the SDK supports and migplan does not:
// ignoring it would mean calling as another principal.
func noIdentityProvider(place string) *Error {
	return settingError(place, "sign-in through an identity provider is not supported",
		"exchange its token at IAM and set "+tokenFileVariable)
}
