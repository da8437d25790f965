package people

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// newSuffix marks a file that is to take another one's place.
const newSuffix = ".new"

// replace puts a fresh database with just these people in the place of the old
// one, if any, and overwrites that. The lock is held.
func (s *Store) replace(people []Person) error {
	fresh := s.path + newSuffix
	if err := discard(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := create(fresh, people); err != nil {
		return errors.Join(err, discardIfThere(fresh))
	}
	db, err := open(fresh) // for its lock
	if err != nil {
		return errors.Join(err, discardIfThere(fresh))
	}
	abandon := func(err error) error { return errors.Join(err, db.Close(), discardIfThere(fresh)) }
	var old *os.File
	if s.db != nil {
		if old, err = os.OpenFile(s.path, os.O_WRONLY, 0); err != nil {
			return abandon(err)
		}
		defer old.Close()
	}
	if err := os.Rename(fresh, s.path); err != nil {
		return abandon(err)
	}
	// From here on the change has happened.
	closed := s.close(db, people)
	if err := errors.Join(closed, syncFolder(s.path), overwrite(old)); err != nil {
		return fmt.Errorf("the change is made, but the bytes of what was there before may still be on the disk: %w", err)
	}
	return nil
}

// close changes over to db, which holds these people.
func (s *Store) close(db *bolt.DB, people []Person) (err error) {
	if s.db != nil {
		err = s.db.Close()
	}
	s.db, s.people = db, people
	return err
}

// discard overwrites a file and removes it.
func discard(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return errors.Join(overwrite(f), os.Remove(path))
}

func discardIfThere(path string) error {
	if err := discard(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// overwrite fills a file with zeros where it lies. What a card with wear
// levelling keeps besides is out of reach.
func overwrite(f *os.File) error {
	if f == nil {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.NewOffsetWriter(f, 0), io.LimitReader(zeros{}, info.Size())); err != nil {
		return err
	}
	return f.Sync()
}

// zeros is a reader of nothing but zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// syncFolder makes a change of names in the file's folder last.
func syncFolder(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// writeFile writes a file that appears under its name only when all of it is
// on the disk.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+newSuffix)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it is renamed
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, discardIfThere(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(path)
}
