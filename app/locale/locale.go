// Package locale names English as the language of a machine that says it has
// none (the locale C.UTF-8), at which Fyne would complain on standard error.
// In and out: the environment, when the program starts.
//
// Go starts packages in the order of their paths as soon as what they import
// has started, so that this one, which imports next to nothing, comes before
// Fyne's. The program alone imports it.
package locale

import (
	"cmp"
	"os"
	"strings"
)

func init() {
	asked := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	if strings.HasPrefix(asked, "C.") && os.Getenv("LANGUAGE") == "" {
		_ = os.Setenv("LANGUAGE", "en")
	}
}
