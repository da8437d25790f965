// Package cli holds what all commands of the program share: flags, mistakes in
// the command line, and exit codes.
//
// In: arguments. Out: a configuration, and errors that lead to the right exit
// code. It imports app/config, app/library and inference; app and its packages
// may import it.
package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// UsageError is a mistake in the command line.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }
func (e UsageError) Unwrap() error { return e.Err }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// NewFlags makes a set of flags whose help begins with usage.
func NewFlags(name, usage string, stderr io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, usage)
		shown := flag.NewFlagSet(name, flag.ContinueOnError)
		shown.SetOutput(stderr)
		fs.VisitAll(func(f *flag.Flag) {
			if f.Usage != hidden {
				shown.Var(f.Value, f.Name, f.Usage)
				shown.Lookup(f.Name).DefValue = f.DefValue
			}
		})
		shown.PrintDefaults()
	}
	return fs
}

// hidden is the usage of flags that help does not list.
const hidden = ""

// Alias lets an old name of a flag go on working.
func Alias(fs *flag.FlagSet, old, name string) { fs.Var(fs.Lookup(name).Value, old, hidden) }

// Parse reads flags; there may be nothing else. flag.ErrHelp asks for help.
func Parse(fs *flag.FlagSet, args []string) error {
	if err := fs.Parse(args); err != nil {
		return parseError(err)
	}
	if fs.NArg() > 0 {
		return Usagef("unexpected argument %q", fs.Arg(0))
	}
	return nil
}

func parseError(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	return UsageError{err}
}

// ParseWord reads flags before and after the one word of a command; the error
// of otherwise says that there are fewer words or more.
func ParseWord(fs *flag.FlagSet, args []string, otherwise func() error) (string, error) {
	var words []string
	for {
		if err := fs.Parse(args); err != nil {
			return "", parseError(err)
		}
		if fs.NArg() == 0 {
			break
		}
		words, args = append(words, fs.Arg(0)), fs.Args()[1:]
	}
	if len(words) != 1 {
		return "", otherwise()
	}
	return words[0], nil
}
