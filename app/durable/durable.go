// Package durable writes files that are there whole or not at all, also after a
// power cut.
//
// In: a path and what writes the content. Out: the file. It imports nothing of
// this project; app and its packages may import it. The list of people has a
// writer of its own, which overwrites what it leaves behind.
package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// leftAfter is the age of a hidden file that nobody writes any more.
const leftAfter = 10 * time.Minute

// ending is what os.CreateTemp puts in the place of the star.
var ending = regexp.MustCompile(`-[0-9]+$`)

// Sweep removes what a power cut left of files that Write was to put in the folder
// under names that match a pattern, as filepath.Match has it.
func Sweep(folder string, patterns ...string) error {
	var wrong error
	for _, pattern := range patterns {
		left, err := filepath.Glob(filepath.Join(folder, "."+pattern+"-*"))
		wrong = errors.Join(wrong, err)
		for _, file := range left {
			info, err := os.Lstat(file)
			if err == nil && info.Mode().IsRegular() && ending.MatchString(file) && time.Since(info.ModTime()) > leftAfter {
				wrong = errors.Join(wrong, os.Remove(file))
			}
		}
	}
	return wrong
}

// Write has the content written to a hidden file beside path, which takes its
// place once all of it is on the disk. On an error what was at path is still
// there, and nothing else is.
func Write(path string, mode fs.FileMode, content func(io.Writer) error) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it is renamed
	if err := errors.Join(content(f), f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// WriteText is Write for a text that is there already.
func WriteText(path string, mode fs.FileMode, text string) error {
	return Write(path, mode, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}
