package people

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// MaxFile bounds an exported file, in bytes.
const MaxFile = 128 << 20

// exportFormat marks an exported file.
const exportFormat = "reterminal-vision people"

// exported is the file that people travel in: JSON, all in the clear.
type exported struct {
	Format   string    `json:"format"`
	Version  int       `json:"version"`
	Exported time.Time `json:"exported"`
	People   []Person  `json:"people"`
}

// Export writes all people as one JSON document.
func (s *Store) Export(w io.Writer) error {
	return json.NewEncoder(w).Encode(exported{exportFormat, formatVersion, moment(time.Now()), s.List()})
}

// ExportFile writes all people to a file, readable by its owner alone, which
// appears under its name only when it is whole.
func (s *Store) ExportFile(path string) error {
	if err := writeFile(path, s.Export); err != nil {
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

// Import takes in what Export wrote, all of it or, on an error, nothing. Added
// is how many people are new, and updated how many got new shots.
func (s *Store) Import(r io.Reader, mode Mode) (added, updated int, err error) {
	in, err := parse(r)
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
func (s *Store) ImportFile(path string, mode Mode) (added, updated int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, fmt.Errorf("people: %w", err)
	}
	defer f.Close()
	added, updated, err = s.Import(f, mode)
	if err != nil {
		err = fmt.Errorf("importing %s: %w", path, err)
	}
	return added, updated, err
}

// parse reads and checks an exported document.
func parse(r io.Reader) ([]Person, error) {
	limited := &io.LimitedReader{R: r, N: MaxFile + 1}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	var in exported
	err := dec.Decode(&in)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			err = errors.New("something follows its end")
		}
	}
	switch {
	case limited.N == 0:
		return nil, fmt.Errorf("people: the file is larger than %d MiB", MaxFile>>20)
	case err != nil:
		return nil, fmt.Errorf("people: the file is not one that this program exported, or is damaged: %w", err)
	case in.Format != exportFormat:
		return nil, fmt.Errorf("people: the file holds %q, expected %q", in.Format, exportFormat)
	case in.Version != formatVersion:
		return nil, fmt.Errorf("people: the file has version %d, this program reads %d: update it", in.Version, formatVersion)
	}
	return in.People, checkAll(in.People)
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
			changed = append(changed, p.ID)
		}
	}
	return all, changed, added
}
