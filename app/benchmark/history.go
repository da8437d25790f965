package benchmark

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"reterminal-vision/app/durable"
)

// History keeps records in one file, which several processes may use at once.
type History struct {
	Path string
	most int // replaces mostRecords when set
}

// mostRecords is how many are kept: about two megabytes.
const mostRecords = 2000

// DamagedError tells that the file could not be understood, and where it is now.
type DamagedError struct {
	Path  string
	Aside string
	Err   error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s cannot be read (%v): it is kept as %s, and a new history begins", e.Path, e.Err, e.Aside)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// Read returns what was kept, the oldest first: nothing where there is no file.
// A *DamagedError tells that the file was set aside.
func (h *History) Read() ([]Record, error) {
	text, err := os.ReadFile(h.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("history of measurements: %w: check that this user may read it", err)
	}
	var all []Record
	if err := json.Unmarshal(text, &all); err != nil {
		aside := h.Path + ".damaged"
		if moved := os.Rename(h.Path, aside); moved != nil {
			return nil, errors.Join(err, moved)
		}
		return nil, &DamagedError{h.Path, aside, err}
	}
	return all, nil
}

// Add keeps further records, and lets the oldest runs go that are too many. A
// *DamagedError tells that they are kept, and that those before are not among
// them; on any other error the file is as it was.
func (h *History) Add(more ...Record) error {
	return h.change(func(all []Record) []Record {
		all = append(all, more...)
		most := mostRecords
		if h.most > 0 {
			most = h.most
		}
		if len(all) <= most {
			return all
		}
		// A run is kept whole, but for one that alone is too long.
		from := len(all) - most
		for i := from; i < len(all); i++ {
			if i > 0 && !all[i].Run.Equal(all[i-1].Run) {
				return all[i:]
			}
		}
		return all[from:]
	})
}

// Forget deletes the run that began then.
func (h *History) Forget(run time.Time) error {
	return h.change(func(all []Record) []Record {
		return slices.DeleteFunc(all, func(r Record) bool { return r.Run.Equal(run) })
	})
}

// change replaces the records while no other process does.
func (h *History) change(edit func([]Record) []Record) error {
	if err := os.MkdirAll(filepath.Dir(h.Path), 0o700); err != nil {
		return fmt.Errorf("history of measurements: %w: check that this user may write there", err)
	}
	lock, err := os.OpenFile(h.Path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		defer lock.Close()
		err = unix.Flock(int(lock.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return kept(h.Path, err)
	}
	all, err := h.Read()
	var damaged *DamagedError
	if err != nil && !errors.As(err, &damaged) {
		return err
	}
	all = edit(all)
	if err := durable.Write(h.Path, 0o600, func(w io.Writer) error { return WriteJSON(w, all) }); err != nil {
		return kept(h.Path, err)
	}
	if damaged != nil {
		return damaged
	}
	return nil
}

// kept says of an error of writing what to do.
func kept(path string, err error) error {
	if errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("measurements are not kept in %s: %w: delete models or pictures that are not needed", path, err)
	}
	return fmt.Errorf("measurements are not kept in %s: %w: check that this user may write there", path, err)
}

// Runs parts records by the run that they are part of, the newest run first.
func Runs(all []Record) (runs [][]Record) {
	for _, r := range all {
		at := slices.IndexFunc(runs, func(run []Record) bool { return run[0].Run.Equal(r.Run) })
		if at < 0 {
			at = len(runs)
			runs = append(runs, nil)
		}
		runs[at] = append(runs[at], r)
	}
	slices.SortStableFunc(runs, func(a, b []Record) int { return b[0].Run.Compare(a[0].Run) })
	return runs
}
