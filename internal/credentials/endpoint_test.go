package credentials

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/drs/v5/region"
)

// TestEndpointOverrideIsChecked is long because it contains a table.
func TestEndpointOverrideIsChecked(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"https://drs.example.com", "https://drs.example.com"},
		{"https://drs.example.com/", "https://drs.example.com"},
		{"HTTPS://drs.example.com:8443", "https://drs.example.com:8443"},
		{"https://10.0.0.1", "https://10.0.0.1"},
		{"https://[2001:db8::1]:443/", "https://[2001:db8::1]:443"},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"http://127.255.255.254", "http://127.255.255.254"},
		{"http://[::1]:1/", "http://[::1]:1"},
		{"http://localhost:1", "http://localhost:1"},
		{"http://LOCALHOST", "http://LOCALHOST"},
		{"http://drs.example.com", ""},
		{"http://10.0.0.1", ""},
		{"http://0.0.0.0", ""},
		{"http://[::]", ""},
		{"http://169.254.169.254", ""},
		{"http://128.0.0.1", ""},
		{"http://2130706433", ""},
		{"http://0x7f.1", ""},
		{"http://127.1", ""},
		{"http://127.0.0.1.example.com", ""},
		{"http://localhost.example.com", ""},
		{"http://localhost.", ""},
		{"http://[::1%25lo]", ""},
		{"http://[::ffff:10.0.0.1]", ""},
		{"http://localhost@example.com", ""},
		{"https://user@drs.example.com", ""},
		{"https://user:password@drs.example.com", ""},
		{"https://@drs.example.com", ""},
		{"https://drs.example.com?", ""},
		{"https://drs.example.com?a=b", ""},
		{"https://drs.example.com#", ""},
		{"https://drs.example.com/#x", ""},
		{"https://drs.example.com/v5", ""},
		{"https://drs.example.com//", ""},
		{"https://drs.example.com/%2e%2e", ""},
		{"https://drs.example.com,drs.example.org", ""},
		{"https:drs.example.com", ""},
		{"https:///v5", ""},
		{"https://:443", ""},
		{"https://", ""},
		{"https://drs.example.com:port", ""},
		{"https://drs.ex%41mple.com", ""},
		{"https://drs.\u0435xample.com", ""},
		{"https://drs.example.com\n", ""},
		{" https://drs.example.com", ""},
		{"https://drs.example.com\\@evil.example.com", ""},
		{"drs.example.com", ""},
		{"drs.example.com:443", ""},
		{"//drs.example.com", ""},
		{"ftp://drs.example.com", ""},
		{"file:///etc/passwd", ""},
		{"javascript:alert(1)", ""},
	}
	for _, tt := range tests {
		for place, got := range map[string]func() (string, error){
			"--endpoint":       func() (string, error) { return endpointText("", tt.raw, nil) },
			"MIGPLAN_ENDPOINT": func() (string, error) { return endpointText("", "", map[string]string{"MIGPLAN_ENDPOINT": tt.raw}) },
		} {
			text, err := got()
			if text != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("%s %q: got %q, %v; want %q", place, tt.raw, text, err, tt.want)
			}
			if err == nil {
				continue
			}
			if e := wantKind(t, err, Setting); e.Place != place || e.Remedy == "" {
				t.Errorf("%s %q: %v does not name the place or a remedy", place, tt.raw, e)
			}
		}
	}
}

func endpointText(regionID, override string, vars map[string]string) (string, error) {
	u, err := Endpoint(regionID, override, environ(vars))
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

func TestEndpointPrecedence(t *testing.T) {
	vars := map[string]string{
		"MIGPLAN_ENDPOINT":                          "https://variable.example.com",
		"HUAWEICLOUD_SDK_REGION_DRS_AP_SOUTHEAST_3": "https://sdk.example.com,https://second.example.com",
	}
	for _, step := range []struct{ override, want, without string }{
		{"https://flag.example.com", "https://flag.example.com", ""},
		{"", "https://variable.example.com", "MIGPLAN_ENDPOINT"},
		{"", "https://sdk.example.com", "HUAWEICLOUD_SDK_REGION_DRS_AP_SOUTHEAST_3"},
		{"", "https://drs.ap-southeast-3.myhuaweicloud.com", ""},
	} {
		if got, err := endpointText("ap-southeast-3", step.override, vars); got != step.want {
			t.Errorf("got %q, %v; want %q", got, err, step.want)
		}
		delete(vars, step.without)
	}
	vars["HUAWEICLOUD_SDK_REGION_DRS_AP_SOUTHEAST_3"] = "http://sdk.example.com"
	_, err := endpointText("ap-southeast-3", "", vars)
	wantKind(t, err, Setting)
}

func TestUnknownRegionSuggestsSimilarNames(t *testing.T) {
	for id, near := range map[string]string{
		"ap-southeast-33": "ap-southeast-3", "cn-nroth-4": "cn-north-4", "eu-west-1": "eu-west-101", "": "similar names",
		"cn-north-4.evil.example.com/": "MIGPLAN_ENDPOINT", "AP-SOUTHEAST-3": "MIGPLAN_ENDPOINT", strings.Repeat("a-", 1<<20): "MIGPLAN_ENDPOINT",
	} {
		_, err := endpointText(id, "", nil)
		if e := wantKind(t, err, Setting); !strings.Contains(e.Error()+e.Remedy, near) || !strings.Contains(e.Remedy, "MIGPLAN_ENDPOINT") {
			t.Errorf("%.40q: %v (%s) does not name %s", id, e, e.Remedy, near)
		}
	}
}

func TestRegionsMatchSDK(t *testing.T) {
	_, err := region.SafeValueOf("nowhere")
	if err == nil || !strings.HasSuffix(err.Error(), "["+strings.Join(regions(), ", ")+"]") {
		t.Errorf("the SDK says %v", err)
	}
	for _, id := range regions() {
		want := "https://drs." + id + ".myhuaweicloud.com"
		if id == "eu-west-101" {
			want = "https://drs.eu-west-101.myhuaweicloud.eu"
		}
		if got, err := endpointText(id, "", nil); got != want {
			t.Errorf("%s: got %q, %v", id, got, err)
		}
	}
}

// The SDK reads its regions file once per process, so each case runs in its own.
func TestRegionsFileOfSDKIsUsedOrRefused(t *testing.T) {
	if path := os.Getenv("MIGPLAN_TEST_REGION"); path != "" {
		text, err := endpointText(path, "", nil)
		again, _ := endpointText(path, "", nil)
		os.Stdout.WriteString("<" + text + "," + again + ">")
		if err != nil {
			os.Stdout.WriteString(err.Error())
		}
		return
	}
	for _, tt := range []struct{ file, region, want string }{
		{"DRS:\n  - id: my-own-1\n    endpoint: https://drs.example.com\n", "my-own-1", "<https://drs.example.com,https://drs.example.com>"},
		{"DRS:\n  - id: cn-north-4\n    endpoint: http://drs.example.com\n", "cn-north-4", "plain http"},
		{"ECS:\n  - id: my-own-1\n    endpoint: https://ecs.example.com\n", "my-own-1", "similar names"},
		{"DRS: [" + canary, "cn-north-4", "regions.yaml: cannot be read"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRegionsFileOfSDKIsUsedOrRefused$")
		file := filepath.Join(t.TempDir(), "regions.yaml")
		rewrite(t, file, tt.file)
		cmd.Env = append(os.Environ(), "MIGPLAN_TEST_REGION="+tt.region, "HUAWEICLOUD_SDK_REGIONS_FILE="+file, "GORACE=atexit_sleep_ms=0")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), tt.want) || strings.Contains(string(out), canary) {
			t.Errorf("%q: got %s, %v; want %s in it", tt.file, out, err, tt.want)
		}
	}
}
