package drs

import "testing"

func TestParseStatusReadsEverySpelling(t *testing.T) {
	for _, c := range []struct {
		word  string
		want  Status
		known bool
	}{
		{"SUCCESS", Success, true}, {"success", Success, true}, {"Success", Success, true}, {" SUCCESS ", Success, true}, {"_success-", Success, true}, {"SUCCESS\n", Success, true},
		{"FAILED", Failed, true}, {"failed", Failed, true}, {"FAIL", Failed, true}, {"RESTORE_FAILED", Failed, true}, {"incre-failure", Failed, true}, {"SUCCESS FAILED", Failed, true},
		{"PRECHECK FAILED", PrecheckFailed, true}, {"PRECHECK_FAILED", PrecheckFailed, true}, {"precheck-failed", PrecheckFailed, true}, {"pre check  failed", PrecheckFailed, true},
		{"PRE_CHECK_FAILED", PrecheckFailed, true}, {"CHECK\tFAILED", PrecheckFailed, true},
		{"TRANSFERRING", Running, true}, {"transferring", Running, true}, {"TRANSFERING", Running, true}, {"Transfering ", Running, true},
		{"", Running, false}, {" ", Running, false}, {"WAITING", Running, false}, {"SUCCESSFUL", Running, false}, {"SUCCESS 1", Running, false}, {"UNSUCCESS", Running, false},
		{"PARTIAL_SUCCESS", Running, false}, {"PRECHECK SUCCESS", Running, false}, {"SUCCEEDED", Running, false}, {"FINISHED", Running, false}, {"0", Running, false},
		{"TRANSFERRING 50%", Running, false}, {"\x00SUCCESS", Running, false}, {"成功", Running, false},
	} {
		status, known := ParseStatus(c.word)
		if status != c.want || known != c.known {
			t.Errorf("%q: %v %t, want %v %t", c.word, status, known, c.want, c.known)
		}
	}
}

func TestEndedIsFalseForRunningOnly(t *testing.T) {
	for status, want := range map[Status]bool{Running: false, Success: true, Failed: true, PrecheckFailed: true} {
		if status.Ended() != want {
			t.Errorf("%v ended: %t", status, !want)
		}
	}
}

func TestHasFailedIsTrueForBothFailures(t *testing.T) {
	for status, want := range map[Status]bool{Running: false, Success: false, Failed: true, PrecheckFailed: true} {
		if status.HasFailed() != want {
			t.Errorf("%v failed: %t", status, !want)
		}
	}
}
