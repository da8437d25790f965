package people

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"filippo.io/age"
	"golang.org/x/sys/unix"
)

// The database is a document as Export writes it, encrypted to the device's
// key by age: https://age-encryption.org/v1. That authenticates every byte, so
// that damage is never read as people.

// ageMark is what an encrypted file begins with.
var ageMark = []byte("age-encryption.org/v1\n")

// lockWithin is how long another program may take to let go of a database.
const lockWithin = time.Second

var (
	// errNewer is the error of a file that is not damaged but too new.
	errNewer = errors.New("a newer version of this program wrote it: update this one")
	// errInUse is the error of a database that another program has open.
	errInUse = errors.New("is in use by another program")
)

// create writes a new database with these people, locked, that is on the disk.
func create(path string, people []Person, to age.Recipient) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		err = encrypt(f, people, to)
	}
	if err := errors.Join(err, f.Sync()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// encrypt writes the document for the recipient.
func encrypt(w io.Writer, people []Person, to age.Recipient) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	sealed, err := age.Encrypt(buffered, to)
	if err != nil {
		return err
	}
	if err := errors.Join(write(sealed, people), sealed.Close()); err != nil {
		return err
	}
	return buffered.Flush()
}

// largest is how much a document may hold, in bytes: more would not be read. Tests
// lower it.
var largest int64 = MaxFile

// errTooLarge is the error of people who do not fit in a document.
var errTooLarge = fmt.Errorf("these people need more than %d MiB: delete some first, or give them fewer pictures", MaxFile>>20)

// bounded takes as much as a document may hold.
type bounded struct {
	to   io.Writer
	room int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.room -= int64(len(p)); b.room < 0 {
		return 0, errTooLarge
	}
	return b.to.Write(p)
}

// write writes the document in the clear.
func write(w io.Writer, people []Person) error {
	return json.NewEncoder(&bounded{w, largest}).Encode(document{documentFormat, documentVersion, moment(time.Now()), people})
}

// load locks a database and reads all of it; old tells that it is one from
// before databases were encrypted. Damage of any kind is a DamagedError, and
// what is wrong with the key a KeyError.
func load(path, keyFile string) (f *os.File, people []Person, old bool, err error) {
	if f, err = lock(path); err != nil {
		return nil, nil, false, damage(path, err)
	}
	begin := make([]byte, len(ageMark))
	_, err = f.ReadAt(begin, 0)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
	case bytes.Equal(begin, ageMark):
		people, err = decrypt(f, path, keyFile)
	default:
		old = true
		people, err = readOldFile(f)
	}
	if err != nil {
		f.Close()
		return nil, nil, false, damage(path, err)
	}
	return f, people, old, nil
}

// decrypt reads an encrypted database.
func decrypt(f *os.File, path, keyFile string) ([]Person, error) {
	key, err := readKey(keyFile)
	if err != nil {
		return nil, keyFault(path, keyFile, err)
	}
	plain, err := age.Decrypt(bufio.NewReaderSize(f, 64<<10), key)
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return nil, &KeyError{path, keyFile, errKeyOther}
	}
	if err != nil {
		return nil, err
	}
	return parse(plain)
}

// keyFault makes an error of reading a key a KeyError, unless the operating
// system is what failed.
func keyFault(path, keyFile string, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return &KeyError{path, keyFile, errKeyLost}
	case errors.Is(err, errKeyDamaged):
		return &KeyError{path, keyFile, err}
	}
	return err
}

// lock opens a file once no other program has it locked.
func lock(path string) (*os.File, error) {
	for until := time.Now().Add(lockWithin); ; time.Sleep(20 * time.Millisecond) {
		f, err := lockNow(path)
		if err == nil || !errors.Is(err, errInUse) || time.Now().After(until) {
			return f, err
		}
	}
}

func lockNow(path string) (*os.File, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil && isAt(f, path) {
		return f, nil
	}
	f.Close()
	if err == nil || errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errInUse // or was, and has another file in its place now
	}
	return nil, err
}

// isAt reports whether the file is still the one under its name.
func isAt(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(opened, named)
}

// damage makes an error of reading a database a DamagedError, unless something
// else than its content is at fault.
func damage(path string, err error) error {
	var system syscall.Errno
	var key *KeyError
	if errors.Is(err, errInUse) || errors.Is(err, errNewer) || errors.As(err, &key) || errors.As(err, &system) {
		return err
	}
	return &DamagedError{path, err}
}

// document is the file that people are kept and travel in, as JSON.
type document struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Written time.Time `json:"exported"`
	People  []Person  `json:"people"`
}

const (
	documentFormat  = "reterminal-vision people"
	documentVersion = 2 // 1 had no dates of consent
)

// maxRecord bounds a person in a document, in bytes; the largest that can be
// stored takes two thirds of it.
const maxRecord = 1 << 20

// parse reads and checks a document, one person at a time, so that nothing in
// it makes the program take much more memory than it may keep.
func parse(r io.Reader) ([]Person, error) {
	limited := &io.LimitedReader{R: r, N: MaxFile + 1}
	people, err := readDocument(json.NewDecoder(limited))
	switch {
	case limited.N == 0:
		return nil, fmt.Errorf("it is larger than %d MiB", MaxFile>>20)
	case err != nil:
		return nil, err
	}
	return people, checkAll(people)
}

func readDocument(dec *json.Decoder) (people []Person, err error) {
	if err := expect(dec, json.Delim('{')); err != nil {
		return nil, err
	}
	var d document
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		switch name {
		case "format":
			err = dec.Decode(&d.Format)
		case "version":
			err = dec.Decode(&d.Version)
		case "exported":
			err = dec.Decode(&d.Written)
		case "people":
			if err = d.check(); err == nil {
				err = readPeople(dec, &d.People)
			}
		default:
			err = fmt.Errorf("it has a part %.40q that is not known", name)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := expect(dec, json.Delim('}')); err != nil {
		return nil, err
	}
	if _, more := dec.Token(); more != io.EOF {
		if more != nil {
			return nil, more
		}
		return nil, errors.New("something follows its end")
	}
	return d.People, d.check()
}

// check tells whether a document is one of this program's.
func (d *document) check() error {
	switch {
	case d.Format != documentFormat:
		return fmt.Errorf("it holds %.40q, expected %q", d.Format, documentFormat)
	case d.Version > documentVersion:
		return errNewer
	case d.Version < 1:
		return fmt.Errorf("it has version %d", d.Version)
	}
	return nil
}

// readPeople adds a list of people to those read.
func readPeople(dec *json.Decoder, people *[]Person) error {
	list, err := dec.Token()
	if list == nil && err == nil {
		return nil // null, as an empty list is written
	}
	if list != json.Delim('[') {
		return cmp.Or(err, errors.New("its people are not a list"))
	}
	for dec.More() {
		if len(*people) == MaxPeople {
			return errTooMany(MaxPeople + 1)
		}
		var record json.RawMessage
		if err := dec.Decode(&record); err != nil {
			return err
		}
		p, err := readPerson(record)
		if err != nil {
			return fmt.Errorf("record %d: %w", len(*people)+1, err)
		}
		*people = append(*people, p)
	}
	return expect(dec, json.Delim(']'))
}

// readPerson reads the record of one person.
func readPerson(record []byte) (p Person, err error) {
	if len(record) > maxRecord {
		return p, fmt.Errorf("it has %d bytes, at most %d are read", len(record), maxRecord)
	}
	dec := json.NewDecoder(bytes.NewReader(record))
	dec.DisallowUnknownFields()
	return p, dec.Decode(&p)
}

// expect reads the token that must come.
func expect(dec *json.Decoder, want json.Token) error {
	got, err := dec.Token()
	if err == nil && got != want {
		err = fmt.Errorf("it has %.40q where %q belongs", fmt.Sprint(got), fmt.Sprint(want))
	}
	return err
}
