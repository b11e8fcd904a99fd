// Package postgrestest starts private PostgreSQL servers, for tests on Linux, and
// cuts connections to them.
package postgrestest
