package credentials

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func refusing(t *testing.T, status int) *fake {
	return serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

// A folder of plans sends a wrong password once, for any projects and regions.
func TestRefusedPasswordIsSentOnceForAllPlans(t *testing.T) {
	for _, status := range []int{401, 403, 423} {
		service := refusing(t, status)
		signIns := NewSignIns()
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			o := Options{Env: environ(userVars(service)), ProjectID: fmt.Sprint("p", i), Region: fmt.Sprintf("cn-north-%d", i), SignIns: signIns}
			wg.Go(func() {
				_, errs[i] = Resolve(t.Context(), o)
			})
		}
		wg.Wait()
		if got := service.asked.Load(); got != 1 {
			t.Errorf("status %d: asked %d times, want 1", status, got)
		}
		shared := 0
		for _, err := range errs {
			if strings.Contains(wantKind(t, err, Refused).Problem, fmt.Sprintf("status %d for another plan of this command; not tried again", status)) {
				shared++
			}
		}
		if shared != 5 {
			t.Errorf("status %d: %d of 6 say that another plan was refused, want 5: %q", status, shared, errs)
		}
	}
}

func TestRefusalAppliesToOneAccountOnly(t *testing.T) {
	service, other := refusing(t, 401), refusing(t, 401)
	for name, c := range map[string]struct {
		change map[string]string
		asked  int64
	}{
		"the same":        {nil, 0},
		"another project": {map[string]string{"project": "p2"}, 0},
		"another user":    {map[string]string{"HW_USER_NAME": "bob"}, 1},
		"another domain":  {map[string]string{"HW_DOMAIN_NAME": "other"}, 1},
		"another IAM":     {map[string]string{"HW_AUTH_URL": other.URL}, 1},
	} {
		signIns := NewSignIns()
		_, err := tryResolve(t, Options{Env: environ(userVars(service)), SignIns: signIns})
		wantKind(t, err, Refused)
		before := service.asked.Load() + other.asked.Load()
		vars := userVars(service)
		for k, v := range c.change {
			vars[k] = v
		}
		_, err = tryResolve(t, Options{Env: environ(vars), ProjectID: vars["project"], SignIns: signIns})
		wantKind(t, err, Refused)
		if got := service.asked.Load() + other.asked.Load() - before; got != c.asked {
			t.Errorf("%s: asked %d times, want %d", name, got, c.asked)
		}
	}
}

// A wrong project or address is not a failed sign-in.
func TestRefusalOfRequestIsNotShared(t *testing.T) {
	for _, status := range []int{400, 404} {
		service := refusing(t, status)
		signIns := NewSignIns()
		for _, project := range []string{"p1", "p2"} {
			_, err := tryResolve(t, Options{Env: environ(userVars(service)), ProjectID: project, SignIns: signIns})
			wantKind(t, err, Refused)
		}
		if got := service.asked.Load(); got != 2 {
			t.Errorf("status %d: asked %d times, want 2", status, got)
		}
	}
}

func TestRegionsOfOneCloudShareARealm(t *testing.T) {
	for _, c := range []struct{ region, override, want string }{
		{"", "", "myhuaweicloud.com"},
		{"ap-southeast-3", "", "myhuaweicloud.com"},
		{"x", "https://IAM.cn-north-4.myhuaweicloud.com:443/v3", "myhuaweicloud.com"},
		{"eu-west-101", "", "myhuaweicloud.eu"},
		{"x", "https://iam.example.com:8443", "iam.example.com:8443"},
		{"x", "https://iam.evilmyhuaweicloud.com", "iam.evilmyhuaweicloud.com"},
	} {
		u, err := iamURL(Options{Region: c.region, Env: environ(map[string]string{"HW_AUTH_URL": c.override})})
		if err != nil || realm(u) != c.want {
			t.Errorf("%+v: got %s, %v", c, realm(u), err)
		}
	}
}
