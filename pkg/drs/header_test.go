package drs

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestServerDateIgnoresCachedAndInvalidDates(t *testing.T) {
	const date = "Wed, 04 Mar 2026 05:06:07 GMT"
	for name, c := range map[string]struct {
		header http.Header
		want   time.Time
	}{
		"there":           {http.Header{"Date": {date}}, signedAt()},
		"RFC 850":         {http.Header{"Date": {"Wednesday, 04-Mar-26 05:06:07 GMT"}}, signedAt()},
		"none":            {http.Header{}, time.Time{}},
		"no header":       {nil, time.Time{}},
		"from a cache":    {http.Header{"Date": {date}, "Age": {"0"}}, time.Time{}},
		"garbage":         {http.Header{"Date": {"soon"}}, time.Time{}},
		"the last year":   {http.Header{"Date": {"Wed, 31 Dec 9000 23:59:59 GMT"}}, time.Date(9000, 12, 31, 23, 59, 59, 0, time.UTC)},
		"the end of time": {http.Header{"Date": {"Fri, 31 Dec 9999 23:59:59 GMT"}}, time.Time{}},
		"with an offset":  {http.Header{"Date": {"Wed, 04 Mar 2026 05:06:07 +0800"}}, time.Time{}},
	} {
		if got := serverDate(c.header); !got.Equal(c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRetryAfterIgnoresInvalidValues(t *testing.T) {
	const date = "Wed, 04 Mar 2026 05:06:07 GMT"
	for _, c := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", date, 0}, {"7", "", 7 * time.Second}, {" 7 ", "", 7 * time.Second}, {"0", "", 0}, {"-1", "", 0}, {"-9223372036854775808", "", 0},
		{"86400", "", 24 * time.Hour}, {"86401", "", 0}, {"9223372036854775807", "", 0}, {"9223372036854775808", "", 0}, {"99999999999999999999999", "", 0},
		{"9223372037", "", 0}, {"1e3", "", 0}, {"7.5", "", 0}, {"soon", "", 0}, {"7, 8", "", 0}, {"0x10", "", 0}, {"\x00", "", 0},
		{"Wed, 04 Mar 2026 05:06:17 GMT", date, 10 * time.Second}, {date, date, 0}, {"Wed, 04 Mar 2026 05:05:07 GMT", date, 0}, {"Wed, 04 Mar 2026 05:06:17 GMT", "", 0},
		{"Wed, 04 Mar 2026 05:06:17 GMT", "garbage", 0}, {"Fri, 31 Dec 9999 23:59:59 GMT", date, 0}, {"Fri, 31 Dec 9999 23:59:59 GMT", "", 0}, {"Thu, 01 Jan 1970 00:00:00 GMT", date, 0},
		{"Thu, 05 Mar 2026 05:06:07 GMT", date, 24 * time.Hour}, {"Mon, 01 Jan 0001 00:00:00 GMT", date, 0},
	} {
		h := http.Header{"Retry-After": {c.value}}
		if c.date != "" {
			h.Set("Date", c.date)
		}
		if got := retryAfter(h); got != c.want {
			t.Errorf("%q at %q: %v, want %v", c.value, c.date, got, c.want)
		}
	}
	if got := retryAfter(nil); got != 0 {
		t.Error(got)
	}
}

// No answer makes a read wait longer than the limit, or a negative time.
func TestBackoffIsBounded(t *testing.T) {
	for _, value := range []string{"", "-5", "0", "7", "86400", "9223372036854775807", "Fri, 31 Dec 9999 23:59:59 GMT", "x"} {
		resp := &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {value}, "Date": {"Wed, 04 Mar 2026 05:06:07 GMT"}}}
		for _, attempt := range []int{0, 1, 4, 62, 63, 64, 1000, 1 << 30} {
			if d := backoff(time.Second, maxBackoff, attempt, resp); d < 0 || d > maxBackoff || value == "7" && d != 7*time.Second {
				t.Errorf("%q, attempt %d: %v", value, attempt, d)
			}
		}
	}
	if d := backoff(time.Second, maxBackoff, 3, nil); d < 0 || d > 8*time.Second {
		t.Error(d)
	}
}

func TestReadRetryConditions(t *testing.T) {
	for _, c := range []struct {
		status int
		after  string
		want   bool
	}{
		{200, "", false}, {302, "", false}, {400, "", false}, {401, "", false}, {403, "", false}, {404, "", false},
		{429, "", true}, {429, "20", true}, {429, "21", false}, {429, "-1", true}, {429, "9223372036854775807", true}, {500, "", true}, {501, "", true}, {503, "20", true}, {503, "3600", false}, {599, "x", true},
	} {
		resp := &http.Response{StatusCode: c.status, Header: http.Header{"Retry-After": {c.after}}}
		if got, err := checkReadRetry(context.Background(), resp, nil); got != c.want || err != nil {
			t.Errorf("%d %q: %t, %v", c.status, c.after, got, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if again, err := checkReadRetry(ctx, nil, errors.New("x")); again || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %t, %v", again, err)
	}
}
