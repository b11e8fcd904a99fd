// The tool of `make cover`, apart from what the program needs.
module github.com/migplan/migplan

go 1.26.0

require github.com/rillig/gobco v1.3.4
