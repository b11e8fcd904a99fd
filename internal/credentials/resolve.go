package credentials

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"time"
)

// Options configures the search for a credential.
type Options struct {
	// Env looks up a variable; nil means os.LookupEnv. An empty value counts as
	// not set, as in Huawei's SDK.
	Env func(string) (string, bool)
	// Region selects the IAM endpoint, and the project if ProjectID is empty.
	Region string
	// ProjectID is sent as X-Project-Id and is the scope of an IAM token.
	ProjectID string
	// Roots are the trusted certificates; nil means the system's.
	Roots *x509.CertPool
	// Proxy is used only for IAM; nil means none. Metadata and pod identity are
	// never reached through a proxy.
	Proxy func(*http.Request) (*url.URL, error)
	// SignIns is shared by all plans of a command, so that a refused password is
	// sent once; nil means that there is one plan.
	SignIns *SignIns
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// MetadataURL is the ECS metadata service; empty means
	// http://169.254.169.254.
	MetadataURL string
}

// source is a place that has a credential.
type source struct {
	name string
	load loader
	key  loader // gives an access key where load gives a token; nil: load gives a key, or there is none
}

// place is a place to look. find returns nil if nothing is set, and an error if
// the settings are incomplete.
type place struct {
	name string
	find func(Options) (*source, error)
}

// Resolve returns the credential of the first place that has one:
//
//  1. MIGPLAN_AUTH_TOKEN or MIGPLAN_AUTH_TOKEN_FILE
//  2. HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK, HUAWEICLOUD_SDK_SECURITY_TOKEN
//  3. HW_ACCESS_KEY, HW_SECRET_KEY, HW_SECURITY_TOKEN
//  4. HW_USER_NAME, HW_USER_PASSWORD, HW_DOMAIN_NAME, for a token from IAM
//  5. the SDK's profile, HUAWEICLOUD_SDK_CREDENTIALS_FILE or
//     ~/.huaweicloud/credentials, section basic
//  6. pod identity, HC_CONTAINER_CREDENTIALS_FULL_URI and
//     HC_CONTAINER_AUTHORIZATION_TOKEN_FILE
//  7. the agency of this ECS, from its metadata service
//
// Settings for this process come before files and services of the machine. The
// metadata service is last, because a request takes seconds where there is none.
// Incomplete settings are an error and not skipped: the next place may have
// another principal. Errors are of type *Error, or the context's.
func Resolve(ctx context.Context, o Options) (*Credentials, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	return search(ctx, o, places())
}

// search returns the credential of the first of these places that has one.
func search(ctx context.Context, o Options, all []place) (*Credentials, error) {
	none := &Error{
		Kind: NotFound, Problem: "no credentials found",
		Remedy: "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK",
	}
	for _, p := range all {
		s, err := p.find(o)
		if err != nil {
			return nil, err
		}
		if s == nil {
			none.Looked = append(none.Looked, p.name+": not set")
			continue
		}
		first, err := s.load(ctx)
		if err == nil {
			return newCredentials(o, s, first), nil
		}
		if p.name != metadataPlace || ctx.Err() != nil {
			return nil, err
		}
		none.Looked = append(none.Looked, metadataPlace+": "+problemOf(err))
	}
	return nil, none
}

func places() []place {
	return []place{
		{tokenVariable + " or " + tokenFileVariable, findToken},
		{"HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK", findSDKKeys},
		{"HW_ACCESS_KEY and HW_SECRET_KEY", findTerraformKeys},
		{"HW_USER_NAME, HW_USER_PASSWORD and HW_DOMAIN_NAME", findUser},
		{"the profile " + profileVariable + " or ~/.huaweicloud/credentials", findProfile},
		{podURIVariable + " and " + podTokenVariable, findPodIdentity},
		{metadataPlace, findMetadata},
	}
}

// complete sets the defaults and checks the values used in host names and headers.
func (o Options) complete() (Options, error) {
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MetadataURL == "" {
		o.MetadataURL = "http://169.254.169.254"
	}
	if o.Region != "" && !regionName(o.Region) {
		return o, unknownRegion("DRS", o.Region, endpointVariable)
	}
	if o.ProjectID != "" && !headerSafe(o.ProjectID) {
		return o, settingError("project_id", "contains a space or a character outside ASCII", "copy it from the console")
	}
	return o, nil
}

// get returns the value of a variable, empty if it is not set.
func (o Options) get(name string) string {
	value, _ := o.Env(name)
	return value
}

// regionName makes sure that a region from the plan is one label of a host name.
func regionName(s string) bool {
	return regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`).MatchString(s)
}

func problemOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Problem
	}
	return "no answer"
}
