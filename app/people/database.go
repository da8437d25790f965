package people

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"
)

// The database has two buckets: people, by ID as JSON, and index, which holds
// one value under key: what there is and the checksum of each. bbolt itself
// has none on its pages.
var (
	peopleBucket = []byte("people")
	indexBucket  = []byte("index")
	indexKey     = []byte("index")
	settledKey   = []byte("settled")
)

// formatVersion is that of the database and of exported files.
const formatVersion = 1

// index lists what the people bucket holds.
type index struct {
	Version int               `json:"version"`
	People  map[string]uint32 `json:"people"` // CRC-32C of the value by ID
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// write stores those of the people with the IDs, all or none, and the index of
// all of them.
func write(db *bolt.DB, people []Person, ids []string) error {
	err := db.Update(func(tx *bolt.Tx) error { return writeTo(tx, people, ids) })
	if err != nil {
		return err
	}
	// bbolt keeps two roots and falls back to the older one where the newer is
	// damaged. A second transaction makes both of them lead to these people; the
	// first one's are safe without it.
	_ = db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(indexBucket)
		n, err := b.NextSequence()
		if err != nil {
			return err
		}
		return b.Put(settledKey, []byte(fmt.Sprint(n)))
	})
	return nil
}

func writeTo(tx *bolt.Tx, people []Person, ids []string) error {
	values, err := tx.CreateBucketIfNotExists(peopleBucket)
	if err != nil {
		return err
	}
	list, err := tx.CreateBucketIfNotExists(indexBucket)
	if err != nil {
		return err
	}
	all := index{Version: formatVersion, People: map[string]uint32{}}
	changed := map[string]bool{}
	for _, id := range ids {
		changed[id] = true
	}
	for i := range people {
		id := people[i].ID
		value := values.Get([]byte(id))
		if changed[id] {
			if value, err = json.Marshal(&people[i]); err != nil {
				return err
			}
			if err := values.Put([]byte(id), value); err != nil {
				return err
			}
		}
		all.People[id] = crc32.Checksum(value, castagnoli)
	}
	value, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return list.Put(indexKey, value)
}

// load opens a database and reads all of it. Damage of any kind, down to
// pages that lead out of the file, is a DamagedError.
func load(path string) (db *bolt.DB, people []Person, err error) {
	var file *os.File
	// A page that leads out of the file faults, which a panic can be recovered from.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			db, people, err = nil, nil, &DamagedError{path, fmt.Errorf("%v", r)}
			if file != nil {
				// The database is in no state to be closed, and its mapping holds the lock
				// even when the file is.
				unix.Flock(int(file.Fd()), unix.LOCK_UN)
				file.Close()
			}
		}
	}()
	if err := notEmpty(path); err != nil {
		return nil, nil, err
	}
	if db, err = open(path, &file); err != nil {
		return nil, nil, damage(path, err)
	}
	err = db.View(func(tx *bolt.Tx) error {
		people, err = read(tx, file)
		return err
	})
	if err != nil {
		db.Close()
		return nil, nil, damage(path, err)
	}
	return db, people, nil
}

// errNewer is the error of a database that is not damaged but too new.
var errNewer = errors.New("a newer version of this program wrote it: update this one")

// damage makes an error of reading a database a DamagedError, unless the
// operating system is what failed.
func damage(path string, err error) error {
	var system syscall.Errno
	if errors.Is(err, bolterrors.ErrTimeout) || errors.Is(err, errNewer) || errors.As(err, &system) {
		return err
	}
	return &DamagedError{path, err}
}

// notEmpty refuses a file that bbolt would fill in, as if it were a new one.
func notEmpty(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	if info.Size() == 0 {
		return &DamagedError{path, errors.New("it is empty")}
	}
	return nil
}

// open opens or creates a bbolt file and notes the file itself.
func open(path string, file **os.File) (*bolt.DB, error) {
	return bolt.Open(path, 0o600, &bolt.Options{
		Timeout: time.Second,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			*file = f
			return f, err
		},
	})
}

// read takes all people out of the database and checks every part of it.
func read(tx *bolt.Tx, file *os.File) (people []Person, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < tx.Size() {
		return nil, fmt.Errorf("it is cut off: %d bytes of %d", info.Size(), tx.Size())
	}
	values, list := tx.Bucket(peopleBucket), tx.Bucket(indexBucket)
	if values == nil || list == nil {
		return nil, errors.New("it holds no people, and no list of them either")
	}
	var all index
	if err := json.Unmarshal(list.Get(indexKey), &all); err != nil {
		return nil, fmt.Errorf("its list of people: %w", err)
	}
	if all.Version > formatVersion {
		return nil, errNewer
	}
	err = values.ForEach(func(id, value []byte) error {
		sum, ok := all.People[string(id)]
		if !ok || sum != crc32.Checksum(value, castagnoli) {
			return fmt.Errorf("the record %q is not the one written", id)
		}
		var p Person
		if err := json.Unmarshal(value, &p); err != nil {
			return fmt.Errorf("the record %q: %w", id, err)
		}
		people = append(people, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(people) != len(all.People) {
		return nil, fmt.Errorf("%d people of %d are there", len(people), len(all.People))
	}
	if err := checkAll(people); err != nil {
		return nil, err
	}
	if err := checkLengths(tx, file); err != nil {
		return nil, err
	}
	// Every page in use was just read, so that this cannot fault: it finds pages
	// in use that the database takes for free ones.
	for damage := range tx.Check() {
		err = errors.Join(err, damage)
	}
	return people, err
}

// checkLengths refuses a page that says it goes on beyond the last one, whose
// parts bbolt's own check would count one by one, billions of them.
func checkLengths(tx *bolt.Tx, file *os.File) error {
	total := int(tx.Size() / int64(tx.DB().Info().PageSize))
	list, err := freeList(tx, file)
	if err != nil {
		return err
	}
	for id := 0; id < total; {
		page, err := tx.Page(id)
		if err != nil {
			return err
		}
		if page == nil {
			return fmt.Errorf("page %d of %d is not there", id, total)
		}
		if page.Type == "free" && id != list { // a damaged list may call itself free
			id++
			continue
		}
		if page.OverflowCount >= total-id {
			return fmt.Errorf("page %d of %d goes on for %d more", id, total, page.OverflowCount)
		}
		id += 1 + page.OverflowCount
	}
	return nil
}

// freeList is the page with the list of free pages, as the transaction's meta
// page has it (bbolt's internal/common/meta.go).
func freeList(tx *bolt.Tx, file *os.File) (int, error) {
	const list, transaction = 16 + 32, 16 + 48
	var meta [transaction + 8]byte
	for i := range int64(2) {
		if _, err := file.ReadAt(meta[:], i*int64(tx.DB().Info().PageSize)); err != nil {
			return 0, err
		}
		if binary.NativeEndian.Uint64(meta[transaction:]) == uint64(tx.ID()) {
			return int(binary.NativeEndian.Uint64(meta[list:])), nil
		}
	}
	return 0, errors.New("its meta pages are gone")
}
