// Package backuptest writes SQL Server backup files for tests. It follows the
// description of the format, with every offset written out again, and shares
// nothing with the reader: not its constants, not its structures.
package backuptest
