package people

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"reterminal-vision/inference/recognize"
)

// Store is the database of enrolled people. Any number of goroutines may use
// it. Each change writes the database anew and overwrites the old file; it has
// reached the disk when its method returns, and where a method returns an error
// nothing has changed, unless the error says otherwise.
type Store struct {
	path string

	mu     sync.RWMutex
	db     *bolt.DB
	people []Person // what the database holds, by name
}

// ErrNotFound is the error of an ID that nobody has.
var ErrNotFound = errors.New("people: there is no such person any more")

// DamagedError tells that a database cannot be trusted. Its file is left as it
// is; SetAside makes room for a new one.
type DamagedError struct {
	Path string
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("people: the database %s is damaged: %v. It was left untouched: start over with an empty one, which keeps it under another name, and import a backup", e.Path, e.Err)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// Open opens the database at path, and creates it, readable by its owner
// alone, when there is none. A damaged one is a DamagedError.
func Open(path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("people: folder of the database: %w", err)
	}
	s := &Store{path: path}
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = s.replace(nil)
	} else if err == nil {
		s.db, s.people, err = load(path)
	}
	if err != nil {
		return nil, s.failed("opening", err)
	}
	sortByName(s.people)
	if err := s.tidy(); err != nil {
		s.db.Close()
		return nil, s.failed("opening", err)
	}
	return s, nil
}

// tidy leaves no copy that a power cut interrupted, and nothing for others to
// read.
func (s *Store) tidy() error {
	if err := discard(s.path + newSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Chmod(s.path, 0o600)
}

// failed words an error of the database for a person.
func (s *Store) failed(doing string, err error) error {
	var damaged *DamagedError
	switch {
	case err == nil || errors.As(err, &damaged):
		return err
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("people: the database %s is in use by another program: end that first", s.path)
	}
	return fmt.Errorf("people: %s the database %s: %w: see that its folder can be written and has space left", doing, s.path, err)
}

// SetAside renames a database, so that Open starts with an empty one, and
// tells where it is kept.
func SetAside(path string) (kept string, err error) {
	kept = fmt.Sprintf("%s.damaged-%s", path, time.Now().UTC().Format("20060102-150405.000"))
	if err := os.Rename(path, kept); err != nil {
		return "", fmt.Errorf("people: setting the database aside: %w", err)
	}
	return kept, syncFolder(path)
}

// Path is the database's file.
func (s *Store) Path() string { return s.path }

// Close closes the database. Nothing else may be called afterwards.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db.Close()
}

// List gives all people by name; they are the caller's.
func (s *Store) List() []Person {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return cloneAll(s.people)
}

// Gallery gives the people whom the model has seen, for recognition.
func (s *Store) Gallery(model string) (*recognize.Gallery, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var known []recognize.Person
	for _, p := range s.people {
		k := recognize.Person{ID: p.ID, Name: p.Name}
		for _, shot := range p.Shots {
			if shot.Model == model {
				k.Vectors = append(k.Vectors, shot.Embedding)
			}
		}
		known = append(known, k)
	}
	return recognize.NewGallery(model, known)
}

// Add enrols a new person. Several people may have one name.
func (s *Store) Add(name string, shots ...Shot) (Person, error) {
	name, err := CleanName(name)
	if err != nil {
		return Person{}, err
	}
	p := Person{ID: newID(), Name: name, Created: moment(time.Now()), Shots: shots}
	return s.change(func(all []Person) ([]Person, int) { return append(all, p), len(all) })
}

// AddShots adds to what is known of a person.
func (s *Store) AddShots(id string, shots ...Shot) (Person, error) {
	return s.edit(id, func(p *Person) { p.Shots = append(p.Shots, shots...) })
}

// ReplaceShots puts shots in the place of those that are kept of a person,
// which are forgotten as by Delete.
func (s *Store) ReplaceShots(id string, shots ...Shot) (Person, error) {
	return s.edit(id, func(p *Person) { p.Shots = shots })
}

// Rename gives a person another name.
func (s *Store) Rename(id, name string) (Person, error) {
	name, err := CleanName(name)
	if err != nil {
		return Person{}, err
	}
	return s.edit(id, func(p *Person) { p.Name = name })
}

// edit changes one person.
func (s *Store) edit(id string, how func(*Person)) (Person, error) {
	return s.change(func(all []Person) ([]Person, int) {
		i := find(all, id)
		if i >= 0 {
			how(&all[i])
		}
		return all, i
	})
}

// change stores the person at the index that how returns with the new people;
// an index below 0 stands for nobody found.
func (s *Store) change(how func([]Person) ([]Person, int)) (Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	people, i := how(cloneAll(s.people))
	if i < 0 {
		return Person{}, ErrNotFound
	}
	changed := people[i].clone() // what the caller keeps of its shots may change
	people[i] = changed
	if err := s.put(people); err != nil {
		return Person{}, err
	}
	return changed.clone(), nil
}

// put stores the people in the place of those there are. The lock is held.
func (s *Store) put(people []Person) error {
	if err := checkAll(people); err != nil {
		return err
	}
	sortByName(people)
	return s.failed("writing", s.replace(people))
}

// Delete forgets a person: the database is written anew without, and the old
// file is overwritten. An error that comes of this last step only says so.
func (s *Store) Delete(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := find(s.people, id)
	if i < 0 {
		return ErrNotFound
	}
	return s.failed("deleting from", s.replace(slices.Delete(slices.Clone(s.people), i, i+1)))
}

// find is the place of the person with the ID, -1 without.
func find(people []Person, id string) int {
	return slices.IndexFunc(people, func(p Person) bool { return p.ID == id })
}

func cloneAll(people []Person) []Person {
	all := make([]Person, len(people), len(people)+1)
	for i := range people {
		all[i] = people[i].clone()
	}
	return all
}

func sortByName(people []Person) {
	slices.SortFunc(people, func(a, b Person) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
	})
}
