package backup

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// looksLike says what the first bytes of a file that is no backup look like.
func looksLike(head []byte) string {
	for _, m := range []struct{ magic, name string }{
		{"\x1f\x8b", "gzip"},
		{"PK\x03\x04", "zip"},
		{"7z\xbc\xaf\x27\x1c", "7-Zip"},
		{"Rar!", "RAR"},
		{"BZh", "bzip2"},
		{"\xfd7zXZ\x00", "xz"},
		{"\x28\xb5\x2f\xfd", "Zstandard"},
		{"\x04\x22\x4d\x18", "LZ4"},
		{"\x01\x0f\x00\x00", "a SQL Server data file (.mdf, .ndf or .ldf)"},
		{"PGDMP", "a PostgreSQL dump"},
		{"<?xml", "XML, perhaps an error message saved in place of the file"},
		{"TAPE", "Microsoft Tape Format with a damaged first block"},
	} {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return "looks like " + m.name
		}
	}
	if name := vendor(head); name != "" {
		return "looks like a backup made by " + name + "; have it converted to a native backup"
	}
	if isText(head) {
		return "looks like text"
	}
	return "its first bytes are of no known kind"
}

// vendor looks for the name of a third-party tool in the first bytes. These
// formats are not documented: it is a hint and no more.
func vendor(head []byte) string {
	head = head[:min(len(head), 4096)]
	plain := strings.ToLower(string(bytes.ReplaceAll(head, []byte{0}, nil))) // UTF-16 too
	for _, v := range []struct{ word, name string }{
		{"litespeed", "LiteSpeed"},
		{"sql backup", "Redgate SQL Backup"},
		{"redgate", "Redgate SQL Backup"},
		{"red gate", "Redgate SQL Backup"},
		{"sqlsafe", "Idera SQL Safe"},
		{"sql safe", "Idera SQL Safe"},
	} {
		if strings.Contains(plain, v.word) {
			return v.name
		}
	}
	return ""
}

func isText(head []byte) bool {
	head = head[:min(len(head), 512)]
	for i := 0; i < utf8.UTFMax && !utf8.Valid(head); i++ {
		head = head[:len(head)-1] // a character may be cut in half
	}
	isControl := func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n\f", r) }
	return len(head) > 0 && utf8.Valid(head) && bytes.IndexFunc(head, isControl) < 0
}

func isZero(b []byte) bool {
	return len(bytes.Trim(b, "\x00")) == 0
}
