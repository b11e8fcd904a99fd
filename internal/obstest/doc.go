// Package obstest serves a bucket on loopback, for tests. Objects and listings
// come from gofakes3; this package adds what OBS does and gofakes3 does not:
// If-Match, storage classes, restores, encryption, refused keys, and faults.
package obstest
