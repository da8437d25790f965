package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Status is the state of a model's file.
type Status uint8

// States of a model's file.
const (
	Missing   Status = iota
	Present          // size and SHA-256 are right
	WrongSize        // there, but not of the catalogue's size
	Corrupt          // of the right size, but its SHA-256 is wrong, or it can't be read
)

func (s Status) String() string {
	return [...]string{"missing", "present", "wrong-size", "corrupt"}[s]
}

// MarshalText makes the state a word in JSON.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ErrBadFile marks the error of a model file whose size or SHA-256 is not the
// catalogue's.
var ErrBadFile = errors.New("not the file of the catalogue")

// Store keeps model files in a folder, one file a model. Its methods may be
// called from any goroutine, and by several processes on the same folder.
type Store struct {
	// Dir is the folder that Fetch writes to; "" when there is none.
	Dir string
	// System are folders that are only read, searched after Dir.
	System []string
	// Mirror, a folder or a base URL, takes the place of the addresses in the
	// catalogue. It holds a model under its file name or under the last part
	// of its address.
	Mirror string
	// Client makes the requests; nil means one with time-outs of its own.
	Client *http.Client

	stall time.Duration // replaces stallLimit when set
	every time.Duration // replaces progressEvery when set
}

// NewStore returns the store in dir, or in DefaultDir when dir is "", that
// also finds the models installed with the system (/usr/share) and beside the
// executable.
func NewStore(dir string) *Store {
	if dir == "" {
		dir = DefaultDir()
	}
	s := &Store{Dir: dir, System: []string{"/usr/share/reterminal-vision/models"}}
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		s.System = append(s.System, filepath.Join(filepath.Dir(exe), "models"))
	}
	return s
}

// DefaultDir is where models are kept: $RTV_MODELS, else reterminal-vision/models
// in $XDG_DATA_HOME or in ~/.local/share; "" when there is no home folder.
func DefaultDir() string {
	if dir := os.Getenv("RTV_MODELS"); dir != "" {
		return dir
	}
	data := os.Getenv("XDG_DATA_HOME")
	// The XDG specification has relative paths ignored.
	if !filepath.IsAbs(data) {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "reterminal-vision", "models")
}

// Path is where Fetch puts the model's file; it need not exist.
func (s *Store) Path(m *Model) string { return filepath.Join(s.Dir, m.File) }

// Status tells the state of the model's file, reading it in full. A good file
// in any folder counts before a bad one in another.
func (s *Store) Status(m *Model) Status {
	_, status := s.locate(m)
	return status
}

// Find returns the path of the model's file after checking its size and
// SHA-256. The error is fs.ErrNotExist or ErrBadFile, with the remedy.
func (s *Store) Find(m *Model) (string, error) {
	path, status := s.locate(m)
	switch status {
	case Present:
		return path, nil
	case Missing:
		return "", failure(m, fmt.Errorf("%w in %s", fs.ErrNotExist, strings.Join(s.folders(), ", ")), remedyFetch(m))
	}
	return "", failure(m, fmt.Errorf("%s is %s: %w", path, status, ErrBadFile), remedyFetch(m))
}

// Has tells whether a file of the model's name and size is there, without
// reading it: Find may still refuse it.
func (s *Store) Has(m *Model) bool {
	for _, dir := range s.folders() {
		info, err := os.Stat(filepath.Join(dir, m.File))
		if err == nil && info.Mode().IsRegular() && info.Size() == m.Size {
			return true
		}
	}
	return false
}

// Verify checks the model's file as Find does.
func (s *Store) Verify(m *Model) error {
	_, err := s.Find(m)
	return err
}

// ErrSystemFile marks the error of a file that came with the system or the
// program, which Delete leaves alone.
var ErrSystemFile = errors.New("it came with the program")

// Delete deletes the model's file and what a broken download left of it from
// Dir. The error is ErrSystemFile for a file that only a system folder has, and
// fs.ErrNotExist for one that is nowhere.
func (s *Store) Delete(ctx context.Context, m *Model) error {
	deleted, err := s.deleteIn(ctx, m)
	switch {
	case err != nil:
		return failure(m, err, "check that "+s.Dir+" can be written to")
	case deleted:
		return nil
	}
	for _, dir := range s.System {
		path := filepath.Join(dir, m.File)
		if _, err := os.Lstat(path); err != nil {
			continue
		}
		if m.Custom() {
			return failure(m, fmt.Errorf("%s is not a downloaded file", path), "run: reterminal-vision models remove "+m.ID)
		}
		return failure(m, fmt.Errorf("%s stays: %w", path, ErrSystemFile), "only downloaded models can be deleted here")
	}
	return failure(m, fmt.Errorf("%w in %s", fs.ErrNotExist, s.Dir), "there is nothing to delete")
}

// deleteIn reports whether Dir had something of the model.
func (s *Store) deleteIn(ctx context.Context, m *Model) (deleted bool, err error) {
	var there []string
	for _, path := range []string{s.Path(m), s.partPath(m)} {
		if _, err := os.Lstat(path); err == nil && s.Dir != "" {
			there = append(there, path)
		}
	}
	if len(there) == 0 {
		return false, nil
	}
	unlock, err := s.lock(ctx, m)
	if err != nil {
		return false, err
	}
	defer unlock()
	for _, path := range there {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return true, nil
}

// Usage is how many bytes the files in Dir take, broken downloads among them.
// A folder that is not there yet takes none.
func (s *Store) Usage() (bytes int64, err error) {
	files, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("models in %s: %w; check that this user may read the folder", s.Dir, err)
	}
	for _, f := range files {
		// A download that ends just now takes its name away.
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
	}
	return bytes, nil
}

// Free is how many bytes more the disk of Dir takes.
func (s *Store) Free() (bytes int64, err error) {
	dir := s.Dir
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return freeSpace(dir)
}

func (s *Store) folders() []string {
	if s.Dir == "" {
		return s.System
	}
	return append([]string{s.Dir}, s.System...)
}

// locate finds the first good file, else the first bad one.
func (s *Store) locate(m *Model) (string, Status) {
	path, status := s.Path(m), Missing
	for _, dir := range s.folders() {
		at := filepath.Join(dir, m.File)
		switch found := fileStatus(at, m); {
		case found == Present:
			return at, Present
		case status == Missing && found != Missing:
			path, status = at, found
		}
	}
	return path, status
}

func fileStatus(path string, m *Model) Status {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Missing
	}
	if err != nil {
		return Corrupt
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return Corrupt
	}
	if info.Size() != m.Size {
		return WrongSize
	}
	if sum, err := hashOf(f); err != nil || sum != m.SHA256 {
		return Corrupt
	}
	return Present
}

func hashOf(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// lock keeps every other process and goroutine from writing the model's file.
// The lock file stays: removing it would let two holders in.
func (s *Store) lock(ctx context.Context, m *Model) (unlock func(), err error) {
	path := filepath.Join(s.Dir, "."+m.File+".lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		// A blocking flock could not be given up, so it is asked for again.
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("wait for another download of it: %w", context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// failure is an error about one model: which, what went wrong, what to do.
func failure(m *Model, err error, remedy string) error {
	return fmt.Errorf("model %s (%s): %w; %s", m.ID, m.File, err, remedy)
}

func remedyFetch(m *Model) string {
	if m.Custom() {
		return "import it again, or run: reterminal-vision models remove " + m.ID
	}
	return "run: reterminal-vision models fetch " + m.ID
}
