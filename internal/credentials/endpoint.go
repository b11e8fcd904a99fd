package credentials

import (
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/drs/v5/region"
)

const (
	endpointVariable    = "MIGPLAN_ENDPOINT"
	obsEndpointVariable = "MIGPLAN_OBS_ENDPOINT"
)

// Endpoint returns the scheme and host of DRS in a region: override (the value
// of the flag), else MIGPLAN_ENDPOINT, else the first address in the SDK's
// HUAWEICLOUD_SDK_REGION_DRS_<REGION>, else the SDK's regions file and table
// (reference 3.4). env may be nil for os.LookupEnv. Only https is accepted, and
// plain http to loopback. Errors are of type *Error.
func Endpoint(regionID, override string, env func(string) (string, bool)) (*url.URL, error) {
	o := Options{Env: env}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	if override != "" {
		return baseURL("--endpoint", override)
	}
	if raw := o.get(endpointVariable); raw != "" {
		return baseURL(endpointVariable, raw)
	}
	if !regionName(regionID) {
		return nil, unknownRegion("DRS", regionID, endpointVariable)
	}
	name := "HUAWEICLOUD_SDK_REGION_DRS_" + strings.ToUpper(strings.ReplaceAll(regionID, "-", "_"))
	if raw := o.get(name); raw != "" {
		first, _, _ := strings.Cut(raw, ",")
		return baseURL(name, first)
	}
	return regionEndpoint(regionID)
}

// OBSEndpoint returns the scheme and host of OBS in a region, without the bucket:
// override (the value of the flag), else MIGPLAN_OBS_ENDPOINT, else
// https://obs.<region>.myhuaweicloud.com (reference 3.4). env may be nil for
// os.LookupEnv. Only https is accepted, and plain http to loopback. Errors are of
// type *Error.
func OBSEndpoint(regionID, override string, env func(string) (string, bool)) (*url.URL, error) {
	o := Options{Env: env}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	if override != "" {
		return baseURL("--obs-endpoint", override)
	}
	if raw := o.get(obsEndpointVariable); raw != "" {
		return baseURL(obsEndpointVariable, raw)
	}
	if !slices.Contains(regions(), regionID) {
		return nil, unknownRegion("OBS", regionID, obsEndpointVariable)
	}
	return &url.URL{Scheme: "https", Host: "obs." + regionID + "." + cloudDomain(regionID)}, nil
}

// cloudDomain is the domain of the endpoints of a region (reference 3.4).
func cloudDomain(regionID string) string {
	if regionID == "eu-west-101" {
		return "myhuaweicloud.eu"
	}
	return "myhuaweicloud.com"
}

// regionEndpoint asks the SDK. SafeValueOf turns the SDK's panics into errors: one
// for an unknown region, others for an unreadable regions file.
func regionEndpoint(regionID string) (*url.URL, error) {
	found, err := region.SafeValueOf(regionID)
	switch {
	case err != nil && strings.HasPrefix(err.Error(), "region id "):
		return nil, unknownRegion("DRS", regionID, endpointVariable)
	case err != nil || found == nil || len(found.Endpoints) == 0:
		return nil, settingError("HUAWEICLOUD_SDK_REGIONS_FILE or ~/.huaweicloud/regions.yaml",
			"cannot be read", "correct it, or set "+endpointVariable)
	}
	return baseURL("the endpoint of region "+regionID, found.Endpoints[0])
}

// baseURL accepts a URL with only scheme, host and port. Errors do not contain the
// text, which may have a password.
func baseURL(place, raw string, paths ...string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || !headerSafe(raw) {
		return nil, settingError(place, "is not a URL", "write it as https://host")
	}
	problem := ""
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		problem = "does not start with https://"
	case u.User != nil:
		problem = "contains a user or a password"
	case u.Hostname() == "" || strings.ContainsAny(u.Host, "%,"):
		problem = "has no valid host"
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#"):
		problem = "has a query or a fragment"
	case !slices.Contains(append(paths, "", "/"), u.EscapedPath()):
		problem = "has a path"
	case !encrypted(u):
		problem = "uses plain http to another machine"
	}
	if problem != "" {
		return nil, settingError(place, problem, "write it as https://host")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// encrypted reports whether nobody can read what is sent to u: https is
// encrypted, and http to this machine does not leave it.
func encrypted(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return strings.EqualFold(host, "localhost")
	}
	return addr.IsLoopback()
}

// unknownRegion suggests the regions with the most similar names. variable
// overrides the endpoint of the service.
func unknownRegion(service, regionID, variable string) *Error {
	if len(regionID) > 40 {
		regionID = regionID[:40]
	}
	near := strings.Join(nearest(regionID, regions(), 3), ", ")
	return settingError("region", "no "+service+" endpoint is known for this region; similar names are "+near,
		"correct the region, or set "+variable)
}
