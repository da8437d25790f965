package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// Exit codes.
const (
	OK     = 0
	Failed = 1
	Usage  = 2
)

// ExitCode is the exit code of a command, or of a program that ran in this one's
// place, that has printed its errors itself.
type ExitCode int

func (e ExitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// Report prints what went wrong and chooses the exit code for it.
func Report(stderr io.Writer, err error) int {
	var usage UsageError
	var code ExitCode
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return OK
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "reterminal-vision:", err)
		return Usage
	}
	fmt.Fprintln(stderr, "reterminal-vision:", err)
	return Failed
}
