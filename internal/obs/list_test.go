package obs

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func listed(objects []Object) []string {
	var keys []string
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	return keys
}

func TestListReadsAllPages(t *testing.T) {
	styles(t, func(t *testing.T, f *fake) {
		for i := range 2500 {
			f.put(fmt.Sprintf("LOG/%05d.trn", i), 1)
		}
		f.put("FULL/other.bak", 1)
		objects, err := f.client().List(t.Context(), f.bucket, "LOG/", 2500)
		if err != nil || len(objects) != 2500 || objects[2499].Key != "LOG/02499.trn" || len(f.requests) != 3 {
			t.Fatalf("%d objects, %v, %d requests", len(objects), err, len(f.requests))
		}
		want := Object{Key: "LOG/00000.trn", Size: 1, ETag: f.objects["LOG/00000.trn"].etag, StorageClass: Standard, LastModified: objects[0].LastModified}
		if objects[0] != want || objects[0].LastModified.IsZero() {
			t.Errorf("got %+v", objects[0])
		}
		if _, err = f.client().List(t.Context(), f.bucket, "LOG/", 2499); kindOf(err) != TooMany {
			t.Errorf("got %v", err)
		}
	})
}

func TestListKeepsUnusualNames(t *testing.T) {
	styles(t, func(t *testing.T, f *fake) {
		f.pageSize = 1
		keys := []string{"a b/1", "a b/2 +%2B", "a b/&<>\"'", "a b/ü 全备", "a b//x", "a b/\U0001F4BE", "a b/c=d&marker=x"}
		for _, key := range append(keys, "a+b/1", "a%20b/1") {
			f.put(key, 3)
		}
		slices.Sort(keys)
		objects, err := f.client().List(t.Context(), f.bucket, "a b/", 100)
		if err != nil || !slices.Equal(listed(objects), keys) {
			t.Errorf("got %q, %v, want %q", listed(objects), err, keys)
		}
	})
}

func TestListOfEmptyFolderIsEmpty(t *testing.T) {
	f := newFake(t, false)
	objects, err := f.client().List(t.Context(), f.bucket, "", 10)
	if err != nil || len(objects) != 0 {
		t.Error(objects, err)
	}
	_, err = f.client().List(t.Context(), "no-such-bucket", "", 10)
	wantKind(t, err, NotFound)
}

// Each answer here would keep a client busy, or could be taken for the list of
// the bucket. It is long because it contains a table.
func TestListRefusesOtherDocuments(t *testing.T) {
	const head, tail = "<ListBucketResult><Name>sql-backups</Name>", "</ListBucketResult>"
	entry := func(key string) string {
		return `<Contents><Key>` + key + `</Key><ETag>"a"</ETag><Size>1</Size></Contents>`
	}
	page := func(body string) func(*fake, http.ResponseWriter, int) {
		return func(_ *fake, w http.ResponseWriter, _ int) { io.WriteString(w, body) }
	}
	for name, c := range map[string]struct {
		kind     Kind
		requests int
		answer   func(f *fake, w http.ResponseWriter, n int)
	}{
		"empty body":      {BadAnswer, 1, page("")},
		"no content":      {BadAnswer, 1, func(_ *fake, w http.ResponseWriter, _ int) { w.WriteHeader(204) }},
		"HTML":            {BadAnswer, 1, page("<html><body>login</body></html>")},
		"JSON":            {BadAnswer, 1, page("{}")},
		"another result":  {BadAnswer, 1, page("<ListAllMyBucketsResult></ListAllMyBucketsResult>")},
		"cut XML":         {BadAnswer, 1, page(head + entry("k"))},
		"other bucket":    {BadAnswer, 1, page("<ListBucketResult><Name>x</Name></ListBucketResult>")},
		"encoded":         {BadAnswer, 1, page(head + "<EncodingType>url</EncodingType>" + tail)},
		"other prefix":    {BadAnswer, 1, page(head + entry("x") + tail)},
		"no key":          {BadAnswer, 1, page(head + entry("") + tail)},
		"no ETag":         {BadAnswer, 1, page(head + "<Contents><Key>k</Key></Contents>" + tail)},
		"negative size":   {BadAnswer, 1, page(head + `<Contents><Key>k</Key><ETag>"a"</ETag><Size>-1</Size></Contents>` + tail)},
		"huge size":       {BadAnswer, 1, page(head + `<Contents><Key>k</Key><ETag>"a"</ETag><Size>9223372036854775808</Size></Contents>` + tail)},
		"no date":         {BadAnswer, 1, page(head + `<Contents><Key>k</Key><LastModified>x</LastModified></Contents>` + tail)},
		"twice":           {BadAnswer, 1, page(head + entry("k") + entry("k") + tail)},
		"long page":       {BadAnswer, 1, page(head + strings.Repeat(entry("k"), 1001) + tail)},
		"deep":            {BadAnswer, 1, page(head + strings.Repeat("<a>", 60000))},
		"many empty":      {BadAnswer, 1, page(head + strings.Repeat("<Contents/>", 700000) + tail)},
		"long key":        {BadAnswer, 1, page(head + entry("k"+strings.Repeat("x", 1024)) + tail)},
		"same page":       {BadAnswer, 2, page(head + "<IsTruncated>true</IsTruncated><NextMarker>k</NextMarker>" + entry("k") + tail)},
		"same empty page": {BadAnswer, 2, page(head + "<IsTruncated>true</IsTruncated><NextMarker>k</NextMarker>" + tail)},
		"no marker":       {BadAnswer, 1, page(head + "<IsTruncated>true</IsTruncated>" + tail)},
		"endless names": {TooMany, 9, func(_ *fake, w http.ResponseWriter, n int) {
			io.WriteString(w, head+"<IsTruncated>true</IsTruncated>"+entry(fmt.Sprintf("k%09d", n))+tail)
		}},
		"endless markers": {BadAnswer, 11, func(_ *fake, w http.ResponseWriter, n int) {
			fmt.Fprintf(w, "%s<IsTruncated>true</IsTruncated><NextMarker>k%09d</NextMarker>%s", head, n, tail)
		}},
		"endless XML": {BadAnswer, 1, func(_ *fake, w http.ResponseWriter, _ int) {
			io.WriteString(w, head)
			for _, err := w.Write(nil); err == nil; _, err = io.WriteString(w, strings.Repeat("x", 4096)) {
			}
		}},
		"endless error": {Denied, 1, func(_ *fake, w http.ResponseWriter, _ int) {
			w.WriteHeader(403)
			for _, err := w.Write(nil); err == nil; _, err = io.WriteString(w, "<Error>"+strings.Repeat("x", 4096)) {
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, false)
			f.first = func(w http.ResponseWriter, _ *http.Request, n int) bool { c.answer(f, w, n); return true }
			objects, err := f.client().List(t.Context(), f.bucket, "k", 8)
			wantKind(t, err, c.kind)
			if large := strings.HasPrefix(name, "many") || name == "endless XML"; large != strings.Contains(fmt.Sprint(err), "larger than any") {
				t.Error(err)
			}
			if objects != nil || len(f.requests) != c.requests {
				t.Errorf("%d objects, %d requests", len(objects), len(f.requests))
			}
		})
	}
}
