package tflite

import (
	"errors"
	"fmt"
)

// What is wrong with a file; test with errors.Is.
var (
	ErrNotModel  = errors.New("not a TensorFlow Lite model")
	ErrTruncated = errors.New("truncated")
	ErrCorrupt   = errors.New("corrupt")
)

// A fault is a defect of the file, found at where (outermost place first).
type fault struct {
	kind  error
	where []string
	what  string
}

func (f *fault) Error() string {
	s := f.kind.Error()
	for _, w := range f.where {
		s += ": " + w
	}
	return s + ": " + f.what
}

func (f *fault) Unwrap() error { return f.kind }

// at puts a place in front of the places known so far.
func (f *fault) at(format string, args ...any) *fault {
	f.where = append([]string{fmt.Sprintf(format, args...)}, f.where...)
	return f
}

func corrupt(format string, args ...any) *fault {
	return &fault{kind: ErrCorrupt, what: fmt.Sprintf(format, args...)}
}
