package backup

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

func TestLSNText(t *testing.T) {
	for text, want := range map[string]LSN{
		"0":                         {},
		"1":                         {0, 0, 1},
		"100000":                    {0, 1, 0},
		"42000000853600001":         {42, 8536, 1},
		"19000000021500001":         {19, 215, 1},
		"4294967295429496729565535": {math.MaxUint32, math.MaxUint32, math.MaxUint16},
	} {
		got, err := ParseLSN(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s is %+v, written %s: %v", text, got, got, err)
		}
	}
	for _, text := range []string{"", "-1", "+1", "1_0", "1e5", " 1", "42:8536:1", "65536", "429496729600000", "99999999999999999999999999", "4294967296000000000000000"} {
		if got, err := ParseLSN(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestLSNOrder(t *testing.T) {
	all := []LSN{{}, {0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {1, 0, 2}, {1, 1, 1}, {2, 0, 0}}
	if !slices.IsSortedFunc(all, LSN.Compare) || !all[0].IsZero() || all[1].IsZero() || !all[1].Before(all[2]) || all[1].Before(all[1]) {
		t.Error("not in order")
	}
}

func TestGUIDText(t *testing.T) {
	for _, text := range []string{"01020304-0506-0708-090A-0B0C0D0E0F10", "{01020304-0506-0708-090a-0b0c0d0e0f10}"} {
		g, err := ParseGUID(text)
		if err != nil || g.String() != "01020304-0506-0708-090A-0B0C0D0E0F10" {
			t.Errorf("%s is %s, %v", text, g, err)
		}
	}
	mixed := []byte{4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16}
	if got := guidAt(mixed, 0).String(); got != "01020304-0506-0708-090A-0B0C0D0E0F10" {
		t.Error(got)
	}
	for _, text := range []string{"", "0", "01020304-0506-0708-090A-0B0C0D0E0F1", "0102030405060708090A0B0C0D0E0F10", "0102030G-0506-0708-090A-0B0C0D0E0F10", "01020304-0506-0708-090A-0B0C0D0E0F10-"} {
		if g, err := ParseGUID(text); err == nil {
			t.Errorf("%q is %s", text, g)
		}
	}
}

func TestDates(t *testing.T) {
	write := func(d backuptest.Date) DateTime {
		b := backuptest.NewBuf(5)
		b.Date(0, d)
		return dateAt(b, 0)
	}
	if got := write(backuptest.Date{2027, 2, 28, 21, 45, 2}); got != NewDateTime(2027, 2, 28, 21, 45, 2) || got.String() != "2027-02-28T21:45:02" {
		t.Error(got)
	}
	for _, d := range []backuptest.Date{{}, {2027, 2, 29, 1, 1, 1}, {2027, 13, 1, 1, 1, 1}, {2027, 0, 1, 1, 1, 1}, {2027, 1, 0, 1, 1, 1}, {2027, 1, 1, 24, 1, 1}, {2027, 1, 1, 1, 60, 1}, {2027, 1, 1, 1, 1, 60}, {16383, 1, 1, 1, 1, 1}} {
		if got := write(d); !got.IsZero() || got.String() != "" {
			t.Errorf("%v is %v", d, got)
		}
	}
}

func TestTimeZones(t *testing.T) {
	for zone, want := range map[TimeZone]string{28: "+07:00", 12: "+03:00", -32: "-08:00", 0: "+00:00", 22: "+05:30", 127: "", -128: "", 57: ""} {
		if zone.String() != want || zone.Known() != (want != "") {
			t.Errorf("%d is %q, want %q", int(zone), zone, want)
		}
	}
}

// LSNs and GUIDs are strings in JSON, and the columns are HEADERONLY's.
func TestJSONHasTheColumnsOfHeaderOnly(t *testing.T) {
	s := mustRead(t, backuptest.Sample().Plain()).Sets[0]
	s.Flags |= IsCopyOnly
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"BackupType": 1.0, "FirstLSN": "42000000851200037", "BackupSetGUID": backuptest.GUIDSet, "BackupFinishDate": "2027-02-28T21:45:02",
		"RecoveryModel": "FULL", "IsCopyOnly": true, "HasBackupChecksums": true, "IsDamaged": false, "ForkPointLSN": "0",
		"FirstRecoveryForkID": backuptest.GUIDFork, "TimeZone": 32.0, "UnicodeLocaleId": 1033.0, "BeginsLogChain": false,
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	file := got["FileList"].([]any)[1].(map[string]any)
	if file["Type"] != "D" || file["FileGroupName"] != "ARCHIVE" || file["Size"] != float64(5<<30) {
		t.Errorf("file is %v", file)
	}
	var back LSN
	var date DateTime
	var guid GUID
	if json.Unmarshal([]byte(`"42000000851200037"`), &back) != nil || back != s.FirstLSN ||
		json.Unmarshal([]byte(`"2027-02-28T21:45:02"`), &date) != nil || date != s.BackupFinishDate ||
		json.Unmarshal([]byte(`"`+backuptest.GUIDSet+`"`), &guid) != nil || guid != s.BackupSetGUID {
		t.Error("what is written is not read")
	}
}
