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

	"filippo.io/age"

	"reterminal-vision/inference/recognize"
)

// Store is the database of enrolled people. Any number of goroutines may use
// it. Each change writes the database anew and overwrites the old file; it has
// reached the disk when its method returns, and where a method returns an error
// nothing has changed, unless the error says otherwise.
type Store struct {
	path string
	to   age.Recipient // the device's key

	mu     sync.RWMutex
	file   *os.File // the database, open for its lock
	people []Person // what it holds, by name
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
// alone, when there is none; so with its key, at KeyPath. One from before
// databases were encrypted is encrypted. What is damaged is a DamagedError,
// and a key that does not fit a KeyError.
func Open(path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("people: folder of the database: %w", err)
	}
	s := &Store{path: path}
	if err := s.open(KeyPath(path)); err != nil {
		if s.file != nil {
			s.file.Close()
		}
		return nil, s.failed("opening", err)
	}
	return s, nil
}

func (s *Store) open(keyFile string) error {
	_, err := os.Lstat(s.path)
	if errors.Is(err, fs.ErrNotExist) && bringBack(s.path, keyFile) {
		_, err = os.Lstat(s.path)
	}
	fresh, old := errors.Is(err, fs.ErrNotExist), false
	if !fresh {
		if err == nil {
			s.file, s.people, old, err = load(s.path, keyFile)
		}
		if err != nil {
			return err
		}
	}
	key, err := readKey(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(keyFile)
	}
	if err != nil {
		return keyFault(s.path, keyFile, err)
	}
	s.to = key.Recipient()
	if err := discardIfThere(s.path + newSuffix); err != nil {
		return err
	}
	if fresh || old {
		if err := s.replace(s.people); err != nil {
			return err
		}
	}
	sortByName(s.people)
	// Nothing is left for others to read.
	return s.file.Chmod(0o600)
}

// failed words an error of the database for a person.
func (s *Store) failed(doing string, err error) error {
	var damaged *DamagedError
	var key *KeyError
	switch {
	case err == nil || errors.As(err, &damaged) || errors.As(err, &key):
		return err
	case errors.Is(err, errTooLarge):
		return fmt.Errorf("people: %w", errTooLarge)
	case errors.Is(err, errInUse):
		return fmt.Errorf("people: the database %s %w: end that first", s.path, err)
	}
	return fmt.Errorf("people: %s the database %s: %w: see that its folder can be written and has space left", doing, s.path, err)
}

// asideStamp is the time in the name of a file that was set aside, in UTC.
const asideStamp = "20060102-150405.000"

// asideMark stands between the name of a file that was set aside and its time.
const asideMark = ".damaged-"

// SetAside renames a database, so that Open starts with an empty one, and
// tells where it is kept. A damaged key goes the same way. Open puts it back
// where there is no other and its key fits again, and ExpireAsides deletes it when
// its time is over.
func SetAside(path string) (kept string, err error) {
	aside := func(file string) string { return file + asideMark + time.Now().UTC().Format(asideStamp) }
	kept, key := aside(path), KeyPath(path)
	err = os.Rename(path, kept)
	if _, wrong := readKey(key); err == nil && errors.Is(wrong, errKeyDamaged) {
		err = errors.Join(os.Rename(key, aside(key)), syncFolder(key))
	}
	if err != nil {
		return "", fmt.Errorf("people: setting the database aside: %w", err)
	}
	return kept, syncFolder(path)
}

// asides are the databases that were set aside, the newest first.
func asides(path string) (files []string) {
	entries, _ := os.ReadDir(filepath.Dir(path)) // without them there are none
	for _, e := range slices.Backward(entries) {
		stamp, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+asideMark)
		if _, err := time.Parse(asideStamp, stamp); ok && err == nil && e.Type().IsRegular() {
			files = append(files, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	return files
}

// CanBringBack reports whether Open would find people at path: in a database, or
// in one that was set aside and whose key fits again.
func CanBringBack(path string) bool {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err == nil
	}
	return opening(path, KeyPath(path)) != ""
}

// opening is the newest database set aside that the key opens, "" for none.
func opening(path, keyFile string) string {
	for _, file := range asides(path) {
		if f, _, _, err := load(file, keyFile); err == nil {
			f.Close()
			return file
		}
	}
	return ""
}

// bringBack puts the newest database set aside that the key opens in its place again.
func bringBack(path, keyFile string) bool {
	file := opening(path, keyFile)
	return file != "" && os.Rename(file, path) == nil && syncFolder(path) == nil
}

// Path is the database's file.
func (s *Store) Path() string { return s.path }

// Close closes the database. Nothing else may be called afterwards.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Close()
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

// Add enrols a new person, who agreed to it just now. Several people may have
// one name.
func (s *Store) Add(name string, shots ...Shot) (Person, error) {
	name, err := CleanName(name)
	if err != nil {
		return Person{}, err
	}
	now := moment(time.Now())
	p := Person{ID: newID(), Name: name, Created: now, Consent: now, Shots: shots}
	return s.change(func(all []Person) ([]Person, int) { return append(all, p), len(all) })
}

// AddShots adds to what is known of a person, who agreed to it just now.
func (s *Store) AddShots(id string, shots ...Shot) (Person, error) {
	return s.edit(id, func(p *Person) {
		p.Shots, p.Consent = append(p.Shots, shots...), moment(time.Now())
	})
}

// ReplaceShots puts shots in the place of those that are kept of a person, who
// agreed to it just now; those are forgotten as by Delete.
func (s *Store) ReplaceShots(id string, shots ...Shot) (Person, error) {
	return s.edit(id, func(p *Person) { p.Shots, p.Consent = shots, moment(time.Now()) })
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

// ahead is by how much an enrolment may lie in the future before that is put right.
const ahead = time.Hour

// Expire forgets, as Delete does, everybody who was enrolled more than so many
// days before now, and tells how many that were; 0 days keep all. Who was enrolled
// in the future, while the clock was wrong, counts as enrolled now. Where the
// clock is not sure, nothing is done.
func (s *Store) Expire(days int, now time.Time, sure bool) (gone int, err error) {
	if !sure {
		return 0, nil
	}
	return s.expire(days, now, true)
}

// DeleteOver forgets whom Over counts, whatever the clock may be worth: a person
// has seen how many those are.
func (s *Store) DeleteOver(days int, now time.Time) (gone int, err error) {
	return s.expire(days, now, false)
}

// expire forgets whose time is over, and may put dates in the future right.
func (s *Store) expire(days int, now time.Time, dates bool) (gone int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stay := slices.DeleteFunc(slices.Clone(s.people), func(p Person) bool { return p.over(days, now) })
	gone = len(s.people) - len(stay)
	early := false
	for i := range stay {
		if dates && stay[i].Created.Sub(now) > ahead {
			stay[i].Created, early = moment(now), true
		}
	}
	if gone == 0 && !early {
		return 0, nil
	}
	return gone, s.failed("deleting from", s.replace(stay))
}

// ExpireAsides deletes, as Delete does, every database that was set aside more
// than so many days before now, and tells how many that were: the time of
// everybody in it is over. 0 days keep all.
func (s *Store) ExpireAsides(days int, now time.Time) (gone int, err error) {
	if days <= 0 {
		return 0, nil
	}
	for _, file := range asides(s.path) {
		at, _ := time.Parse(asideStamp, strings.TrimPrefix(filepath.Base(file), filepath.Base(s.path)+asideMark))
		// A clock that was ahead then is not believed: the last change was before, too.
		if info, err := os.Stat(file); err == nil && info.ModTime().Before(at) {
			at = info.ModTime()
		}
		if now.Sub(at) <= time.Duration(days)*24*time.Hour {
			continue
		}
		if bad := discard(file); bad != nil {
			err = errors.Join(err, bad)
			continue
		}
		gone++
	}
	return gone, err
}

// Over counts the people who were enrolled more than so many days before now, none
// with 0 days.
func (s *Store) Over(days int, now time.Time) (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range s.people {
		if s.people[i].over(days, now) {
			n++
		}
	}
	return n
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
