// Package faults words errors for the screen, in the language in use.
//
// In: errors, those of cameras with their values apart. Out: sentences. It
// imports camera and assets/lang; packages that show errors may import it.
package faults

import (
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"reterminal-vision/assets/lang"
	"reterminal-vision/camera/fault"
)

// Worded is an error of a camera in the language in use; others stay as they are
// where nobody has translated them.
func Worded(err error) string {
	e, ok := err.(*fault.Error) // an outer error has words of its own
	if !ok || lang.Current() == "en" {
		return lang.Name(err.Error())
	}
	values := make([]any, len(e.Values))
	for i, v := range e.Values {
		switch v := v.(type) {
		case error:
			values[i] = cause(v)
		case fault.Words:
			values[i] = lang.Name(string(v))
		default:
			values[i] = v
		}
	}
	return fmt.Sprintf(lang.Name(strings.ReplaceAll(e.Text, "%w", "%s")), values...)
}

// cause words what is inside a fault.Error: of the system its number, where it has no
// words in this language, and of a driver or a program what it says.
func cause(err error) string {
	switch e := err.(type) {
	case *fault.Error:
		return Worded(e)
	case *fs.PathError:
		return e.Path + ": " + cause(e.Err)
	}
	words := lang.Name(err.Error())
	if words != err.Error() {
		return words
	}
	if number, ok := err.(unix.Errno); ok {
		return lang.T("error %d of the system", int(number))
	}
	return lang.T("it says: %s", words)
}

// Sentence words an error for the screen.
func Sentence(err error) string {
	if other := Worded(err); other != err.Error() {
		return other
	}
	words := strings.TrimPrefix(err.Error(), "people: ")
	if words == "" {
		return ""
	}
	return lang.Name(strings.ToUpper(words[:1]) + strings.TrimRight(words[1:], ".") + ".")
}
