package commands

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// leastPassphrase is how many characters a new passphrase has at least: what
// it protects can be tried without limit by whoever has the file.
const leastPassphrase = 10

// askPassphrase reads a passphrase: from a terminal, without showing it, and a
// new one twice; else it is the first line of standard input.
func askPassphrase(stderr io.Writer, fresh bool) (string, error) {
	in := int(os.Stdin.Fd())
	ask := func(words string) (string, error) {
		if !term.IsTerminal(in) {
			line, err := bufio.NewReader(io.LimitReader(os.Stdin, 4<<10)).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return "", fmt.Errorf("passphrase: %w", err)
			}
			return strings.TrimRight(line, "\r\n"), nil
		}
		fmt.Fprint(stderr, words)
		typed, err := term.ReadPassword(in)
		fmt.Fprintln(stderr)
		if err != nil {
			return "", fmt.Errorf("passphrase: %w", err)
		}
		return string(typed), nil
	}
	first, err := ask("Passphrase: ")
	switch {
	case err != nil:
		return "", err
	case fresh && len([]rune(first)) < leastPassphrase:
		return "", fmt.Errorf("passphrase: choose one of %d characters or more, as four words; type it, or give it as the first line of standard input", leastPassphrase)
	case first == "":
		return "", errors.New("passphrase: the file is encrypted with one: type it, or give it as the first line of standard input")
	case fresh && term.IsTerminal(in):
		again, err := ask("Once more: ")
		if err != nil {
			return "", err
		}
		if again != first {
			return "", errors.New("passphrase: the second was another one: nothing was written, try again")
		}
	}
	return first, nil
}
