// Package fault makes errors that can be told in other languages than English.
//
// In: an English sentence and its values. Out: an error with both apart. It
// imports nothing of this project; camera and what is beneath it make such
// errors, app/faults words them.
package fault

import "fmt"

// Error is an error that can be told in other languages than English.
type Error struct {
	// Text is the English sentence with places for values, as fmt.Errorf takes it.
	// Of Values, errors and Words are told in the other language, too.
	Text   string
	Values []any

	err error
}

// Words are a value of an Error that is English.
type Words string

// Errorf makes an Error as fmt.Errorf makes an error.
func Errorf(text string, values ...any) error {
	return &Error{Text: text, Values: values, err: fmt.Errorf(text, values...)}
}

func (f *Error) Error() string { return f.err.Error() }

// Unwrap returns what fmt.Errorf would have made.
func (f *Error) Unwrap() error { return f.err }
