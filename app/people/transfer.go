package people

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"filippo.io/age"
)

// MaxFile bounds an exported file, in bytes.
const MaxFile = 128 << 20

// lasting is how long trying one passphrase takes, as a power of two: 64 MiB
// and a second on the device. Files that ask for more than longest are refused
// before that memory is taken.
const (
	lasting = 16
	longest = 18
)

// Export writes all people as one document: encrypted with the passphrase, or,
// without one, all in the clear.
func (s *Store) Export(w io.Writer, passphrase string) error {
	if passphrase == "" {
		return write(w, s.List())
	}
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return err
	}
	to.SetWorkFactor(lasting)
	return encrypt(w, s.List(), to)
}

// ExportFile writes all people to a file, readable by its owner alone, which
// appears under its name only when it is whole.
func (s *Store) ExportFile(path, passphrase string) error {
	if err := writeFile(path, func(w io.Writer) error { return s.Export(w, passphrase) }); err != nil {
		return fmt.Errorf("people: exporting to %s: %w: see that the folder can be written and has space left", path, err)
	}
	return nil
}

// Mode says what becomes of the people who are there when others come in.
type Mode uint8

// Merge adds new people, and to known ones the shots that they do not have
// yet; their names stay. Replace deletes those who are there.
const (
	Merge Mode = iota
	Replace
)

// ErrPassphrase is the error of an exported file that another passphrase, or
// any, is needed for.
var ErrPassphrase = errors.New("people: this is not the passphrase that the file was encrypted with")

// Import takes in what Export wrote, all of it or, on an error, nothing; the
// passphrase is only used for a file that is encrypted. Added is how many
// people are new, and updated how many got new shots.
func (s *Store) Import(r io.Reader, passphrase string, mode Mode) (added, updated int, err error) {
	in, err := readExport(r, passphrase)
	if err != nil {
		return 0, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if mode == Replace {
		sortByName(in)
		return len(in), 0, s.failed("replacing", s.replace(in))
	}
	all, changed, added := merge(cloneAll(s.people), in)
	if len(changed) == 0 {
		return 0, 0, nil
	}
	if err := s.put(all); err != nil {
		return 0, 0, err
	}
	return added, len(changed) - added, nil
}

// ImportFile is Import of a file.
func (s *Store) ImportFile(path, passphrase string, mode Mode) (added, updated int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, fmt.Errorf("people: %w", err)
	}
	defer f.Close()
	added, updated, err = s.Import(f, passphrase, mode)
	if err != nil {
		err = fmt.Errorf("importing %s: %w", path, err)
	}
	return added, updated, err
}

// Encrypted tells whether a file takes a passphrase to be imported.
func Encrypted(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("people: %w", err)
	}
	defer f.Close()
	begin, err := bufio.NewReader(f).Peek(len(ageMark))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("people: %w", err)
	}
	return bytes.Equal(begin, ageMark), nil
}

// readExport reads and checks an exported document.
func readExport(r io.Reader, passphrase string) ([]Person, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	var plain io.Reader = buffered
	if begin, _ := buffered.Peek(len(ageMark)); bytes.Equal(begin, ageMark) {
		if passphrase == "" {
			return nil, ErrPassphrase
		}
		with, err := age.NewScryptIdentity(passphrase)
		if err != nil {
			return nil, fmt.Errorf("people: passphrase: %w", err)
		}
		with.SetMaxWorkFactor(longest)
		plain, err = age.Decrypt(buffered, with)
		var other *age.NoIdentityMatchError
		if errors.As(err, &other) {
			return nil, ErrPassphrase
		}
		if err != nil {
			return nil, badExport(err)
		}
	}
	people, err := parse(plain)
	if err != nil {
		return nil, badExport(err)
	}
	return people, nil
}

// badExport words what is wrong with an exported file.
func badExport(err error) error {
	if errors.Is(err, errNewer) {
		return fmt.Errorf("people: the file: %w", err)
	}
	return fmt.Errorf("people: the file is not one that this program exported, or is damaged: %w", err)
}

// merge adds people to all, and gives the IDs of those it changed and how many
// of them are new.
func merge(all, in []Person) (merged []Person, changed []string, added int) {
	for _, p := range in {
		i := find(all, p.ID)
		if i < 0 {
			all, changed = append(all, p), append(changed, p.ID)
			added++
			continue
		}
		before := len(all[i].Shots)
		for _, shot := range p.Shots {
			same := func(s Shot) bool { return s.Model == shot.Model && slices.Equal(s.Embedding, shot.Embedding) }
			if !slices.ContainsFunc(all[i].Shots, same) {
				all[i].Shots = append(all[i].Shots, shot)
			}
		}
		if len(all[i].Shots) > before {
			if p.Consent.After(all[i].Consent) {
				all[i].Consent = p.Consent
			}
			changed = append(changed, p.ID)
		}
	}
	return all, changed, added
}
