package people

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// newSuffix marks a file that is to take another one's place.
const newSuffix = ".new"

// replace puts a fresh database with just these people in the place of the old
// one, if any, and overwrites that. The lock is held.
func (s *Store) replace(people []Person) error {
	fresh := s.path + newSuffix
	if err := discardIfThere(fresh); err != nil {
		return err
	}
	file, err := create(fresh, people, s.to)
	if err != nil {
		return errors.Join(err, discardIfThere(fresh))
	}
	abandon := func(err error) error { return errors.Join(err, file.Close(), discardIfThere(fresh)) }
	var old *os.File
	if s.file != nil {
		if old, err = os.OpenFile(s.path, os.O_WRONLY, 0); err != nil {
			return abandon(err)
		}
		defer old.Close()
	}
	if err := os.Rename(fresh, s.path); err != nil {
		return abandon(err)
	}
	// From here on the change has happened.
	before := s.file
	s.file, s.people = file, people
	if err = syncFolder(s.path); err == nil {
		err = overwrite(old) // not before, or a power cut might leave just this one, and empty
	}
	if before != nil {
		err = errors.Join(err, before.Close())
	}
	if err != nil {
		return fmt.Errorf("the change is made, but the bytes of what was there before may still be on the disk: %w", err)
	}
	return nil
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

// syncFolder makes a change of names in the file's folder last. Tests let it fail.
var syncFolder = func(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// leftAfter is the age of a file that nobody works on any more.
const leftAfter = 10 * time.Minute

// sweep removes what a power cut left of files that were to become the one at path.
func sweep(path string, remove func(string) error) {
	left, _ := filepath.Glob(path + ".*" + newSuffix) // fails for no name that there is
	for _, file := range left {
		if info, err := os.Lstat(file); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > leftAfter {
			if err := remove(file); err != nil {
				slog.Warn("what was left of a write stays", "file", file, "error", err)
			}
		}
	}
}

// writeFile writes a file that appears under its name only when all of it is
// on the disk.
func writeFile(path string, write func(io.Writer) error) error {
	sweep(path, discard)
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
