package camera

import "fmt"

// Fault is an error that can be told in other languages than English.
type Fault struct {
	// Text is the English sentence with places for values, as fmt.Errorf takes it.
	// Of Values, errors and Words are told in the other language, too.
	Text   string
	Values []any

	err error
}

// Words are a value of a Fault that is English.
type Words string

// Faultf makes a Fault as fmt.Errorf makes an error.
func Faultf(text string, values ...any) error {
	return &Fault{Text: text, Values: values, err: fmt.Errorf(text, values...)}
}

func (f *Fault) Error() string { return f.err.Error() }

// Unwrap returns what fmt.Errorf would have made.
func (f *Fault) Unwrap() error { return f.err }
