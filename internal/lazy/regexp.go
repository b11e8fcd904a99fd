// Package lazy prepares values when they are first used. migplan starts for
// every pass, and most passes need few of its regular expressions.
package lazy

import (
	"regexp"
	"sync"
)

// Regexp returns a function that compiles an expression in its first call. It
// panics on an expression that is not valid, like regexp.MustCompile.
func Regexp(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
