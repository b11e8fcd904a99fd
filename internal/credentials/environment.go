package credentials

import "context"

const (
	tokenVariable     = "MIGPLAN_AUTH_TOKEN"
	tokenFileVariable = "MIGPLAN_AUTH_TOKEN_FILE"
)

// temporaryPrincipal is the principal of a temporary key from the environment or
// a profile. Its access key id changes with each rotation, and nothing in it
// identifies the owner.
const temporaryPrincipal = "temporary-key"

// keyNames are the names of one set of access key variables (reference 3.3), or of
// the keys in a profile.
type keyNames struct {
	place                 string // prefix of the names, for a profile
	access, secret, token string
}

func findSDKKeys(o Options) (*source, error) {
	s, err := findKeys(o, keyNames{
		access: "HUAWEICLOUD_SDK_AK", secret: "HUAWEICLOUD_SDK_SK", token: "HUAWEICLOUD_SDK_SECURITY_TOKEN",
	})
	if s == nil && err == nil && o.get("HUAWEICLOUD_SDK_IDP_ID") != "" {
		return nil, noIdentityProvider("HUAWEICLOUD_SDK_IDP_ID")
	}
	return s, err
}

func findTerraformKeys(o Options) (*source, error) {
	return findKeys(o, keyNames{access: "HW_ACCESS_KEY", secret: "HW_SECRET_KEY", token: "HW_SECURITY_TOKEN"})
}

func findKeys(o Options, names keyNames) (*source, error) {
	cred, err := names.read(o.get)
	if cred == nil || err != nil {
		return nil, err
	}
	return &source{name: "environment " + names.access, load: always(*cred)}, nil
}

// always is the loader of a credential that cannot change while the process runs.
func always(c credential) loader {
	return func(context.Context) (credential, error) { return c, nil }
}

// read returns nil if none of the three is set.
func (n keyNames) read(get func(string) string) (*credential, error) {
	access, secret, token := get(n.access), get(n.secret), get(n.token)
	if access == "" && secret == "" && token == "" {
		return nil, nil
	}
	for _, part := range [][2]string{{n.access, access}, {n.secret, secret}} {
		if part[1] == "" {
			return nil, settingError(n.place+part[0], "is missing, but the other half of the pair is set", "set both or neither")
		}
	}
	return n.pair(access, secret, token)
}

func (n keyNames) pair(access, secret, token string) (*credential, error) {
	for _, part := range [][2]string{{n.access, access}, {n.secret, secret}, {n.token, token}} {
		if part[1] != "" && !headerSafe(part[1]) {
			return nil, unsafeValue(n.place + part[0])
		}
	}
	c := credential{access: access, secret: newSecret(secret), token: newSecret(token)}
	c.principal = "ak:" + access
	if token != "" {
		c.principal = temporaryPrincipal
	}
	return &c, nil
}

func unsafeValue(place string) *Error {
	return settingError(place, "contains a space, a line break or a character outside ASCII", "copy it again")
}

// findToken finds a token that was issued by IAM before. Its expiry is unknown.
func findToken(o Options) (*source, error) {
	value, file := o.get(tokenVariable), o.get(tokenFileVariable)
	switch {
	case value != "" && file != "":
		return nil, settingError(tokenVariable, "is set together with "+tokenFileVariable, "set only one of them")
	case value == "" && file == "":
		return nil, nil
	case value != "" && !headerSafe(value):
		return nil, unsafeValue(tokenVariable)
	}
	who, err := newOwners(o)
	if err != nil {
		return nil, err
	}
	if file != "" {
		return &source{name: "token file " + file, load: tokenFile(file, who)}, nil
	}
	return &source{name: "environment " + tokenVariable, load: func(ctx context.Context) (credential, error) {
		return who.complete(ctx, tokenCredential(value))
	}}, nil
}

// tokenFile reads the file on every load, so that Renew sees a rotated token.
func tokenFile(path string, who owners) loader {
	return func(ctx context.Context) (credential, error) {
		text, err := readWord(tokenFileVariable, path, "token")
		if err != nil {
			return credential{}, err
		}
		return who.complete(ctx, tokenCredential(text))
	}
}

func tokenCredential(token string) credential {
	return credential{principal: tokenPrincipal, token: newSecret(token)}
}

// findUser finds an IAM user's name and password, in Terraform's variables.
// HW_DOMAIN_NAME and HW_AUTH_URL alone are not an incomplete user: Terraform also
// reads them together with access keys.
func findUser(o Options) (*source, error) {
	u := user{name: o.get("HW_USER_NAME"), domain: o.get("HW_DOMAIN_NAME"), password: newSecret(o.get("HW_USER_PASSWORD"))}
	if u.name == "" && u.password.empty() {
		return nil, nil
	}
	for _, part := range []struct {
		name    string
		missing bool
	}{
		{"HW_USER_NAME", u.name == ""}, {"HW_USER_PASSWORD", u.password.empty()}, {"HW_DOMAIN_NAME", u.domain == ""},
	} {
		if part.missing {
			return nil, settingError(part.name, "is missing, but the others are set", "set HW_USER_NAME, HW_USER_PASSWORD and HW_DOMAIN_NAME")
		}
	}
	iam, err := newTokenSource(o, u)
	if err != nil {
		return nil, err
	}
	return &source{name: "environment HW_USER_NAME, token from " + iam.url.Host, load: iam.load, key: iam.loadKey}, nil
}
