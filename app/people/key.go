package people

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"golang.org/x/sys/unix"
)

// keySuffix is what a database's name has more as the name of its key's file.
const keySuffix = ".key"

// maxKeyFile bounds a file with a key, in bytes.
const maxKeyFile = 4 << 10

// KeyPath is where the key of the database at path is kept: in the file that
// $RTV_PEOPLE_KEY names, else beside the database.
func KeyPath(path string) string {
	if key := os.Getenv("RTV_PEOPLE_KEY"); key != "" {
		return key
	}
	return path + keySuffix
}

// KeyError tells that the key of a database is lost, damaged or another one.
// The files of both are left as they are; SetAside makes room for new ones.
type KeyError struct {
	Path string // of the database
	Key  string // file of the key
	Err  error
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("people: the key %s of the database %s %v. Both were left untouched: put the right key there from a backup, or start over with an empty database, which keeps this one under another name, and import a backup", e.Key, e.Path, e.Err)
}

func (e *KeyError) Unwrap() error { return e.Err }

// Why a key cannot be used.
var (
	errKeyLost    = errors.New("is missing")
	errKeyOther   = errors.New("is not the one it was encrypted with")
	errKeyDamaged = errors.New("is damaged")
)

// readKey reads the file of a key and keeps others from reading it.
func readKey(file string) (*age.X25519Identity, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: it is not a regular file", errKeyDamaged)
	}
	if info.Mode().Perm()&0o077 != 0 && !modeless(f) {
		if err := f.Chmod(0o600); err != nil {
			return nil, fmt.Errorf("others can read it: %w", err)
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, err
	}
	return parseKey(text)
}

// Types of file systems that know no owners and modes, as statfs gives them.
const (
	fat   = 0x4d44
	exfat = 0x2011bab0
)

// modeless reports whether a file is on a stick or card whose file system cannot
// keep others from reading it; how it is mounted has to. Tests replace it.
var modeless = func(f *os.File) bool {
	var fs unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &fs) == nil && (int64(fs.Type) == fat || int64(fs.Type) == exfat)
}

// parseKey reads a key: the line that holds one, in a file as age-keygen writes
// it.
func parseKey(text []byte) (*age.X25519Identity, error) {
	for line := range bytes.Lines(text) {
		line := strings.TrimSpace(string(line))
		if line == "" || line[0] == '#' {
			continue
		}
		key, err := age.ParseX25519Identity(line)
		if err != nil {
			return nil, errKeyDamaged // the error's text may hold parts of the key
		}
		return key, nil
	}
	return nil, errKeyDamaged
}

// link is replaced by tests.
var link = os.Link

// makeKey makes a key and a file for it, which it never puts in another one's
// place; the file is on the disk when it returns.
func makeKey(file string) (*age.X25519Identity, error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	sweep(file, os.Remove) // one may be the key itself by another name
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*"+newSuffix)
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name()) // not overwritten: the key's file is the same one
	text := "# Without this key nobody can read the list of people. Keep it secret, and a copy of it in another place.\n" + key.String() + "\n"
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	// Unlike a file renamed by other means, a link fails where there is one already.
	err = link(f.Name(), file)
	if err != nil && !errors.Is(err, fs.ErrExist) { // FAT has no links
		err = unix.Renameat2(unix.AT_FDCWD, f.Name(), unix.AT_FDCWD, file, unix.RENAME_NOREPLACE)
	}
	if errors.Is(err, fs.ErrExist) {
		return readKey(file)
	}
	if err != nil {
		return nil, err
	}
	return key, syncFolder(file)
}
