package people

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"
)

// The database has two buckets: people, by ID as JSON, and about, with the
// version under a key of its own. bbolt trusts what its pages say, to the
// point of crashing, so nothing is read that does not match the file's seal:
// sealMark and the SHA-256 of all before, behind the last page.
var (
	peopleBucket = []byte("people")
	aboutBucket  = []byte("about")
	versionKey   = []byte("version")
	sealMark     = []byte("people sealed: ")
)

// formatVersion is that of the database and of exported files.
const formatVersion = 1

// lockWithin is how long another program may take to let go of a database.
const lockWithin = time.Second

// create writes a new, sealed database with these people.
func create(path string, people []Person) error {
	db, err := open(path)
	if err != nil {
		return err
	}
	if err := errors.Join(db.Update(func(tx *bolt.Tx) error { return write(tx, people) }), db.Close()); err != nil {
		return err
	}
	return seal(path)
}

func write(tx *bolt.Tx, people []Person) error {
	about, err := tx.CreateBucket(aboutBucket)
	if err != nil {
		return err
	}
	if err := about.Put(versionKey, fmt.Append(nil, formatVersion)); err != nil {
		return err
	}
	values, err := tx.CreateBucket(peopleBucket)
	if err != nil {
		return err
	}
	for i := range people {
		value, err := json.Marshal(&people[i])
		if err != nil {
			return err
		}
		if err := values.Put([]byte(people[i].ID), value); err != nil {
			return err
		}
	}
	return nil
}

// seal closes a database file to any change.
func seal(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if _, err := f.Write(sum.Sum(bytes.Clone(sealMark))); err != nil {
		return err
	}
	return f.Sync()
}

// checkSeal tells what is wrong with a file that should be as it was sealed.
func checkSeal(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	content := info.Size() - int64(len(sealMark)) - sha256.Size
	if content <= 0 {
		return errors.New("it is cut off")
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, content)); err != nil {
		return err
	}
	found := make([]byte, info.Size()-content)
	if _, err := f.ReadAt(found, content); err != nil {
		return err
	}
	if !bytes.Equal(found, sum.Sum(bytes.Clone(sealMark))) {
		return errors.New("its content is not what was written")
	}
	return nil
}

// load opens a database and reads all of it. Damage of any kind is a
// DamagedError.
func load(path string) (*bolt.DB, []Person, error) {
	if err := verify(path); err != nil {
		return nil, nil, damage(path, err)
	}
	db, err := open(path)
	if err != nil {
		return nil, nil, damage(path, err)
	}
	var people []Person
	err = db.View(func(tx *bolt.Tx) error {
		people, err = read(tx)
		return err
	})
	if err != nil {
		db.Close()
		return nil, nil, damage(path, err)
	}
	return db, people, nil
}

// verify checks the seal while no program changes the file.
func verify(path string) error {
	if info, err := os.Stat(path); err != nil {
		return err
	} else if !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for until := time.Now().Add(lockWithin); ; time.Sleep(20 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return checkSeal(f)
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		if time.Now().After(until) {
			return bolterrors.ErrTimeout
		}
	}
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

// open opens or creates a bbolt file, and locks it.
func open(path string) (*bolt.DB, error) {
	return bolt.Open(path, 0o600, &bolt.Options{Timeout: lockWithin})
}

// read takes all people out of a database whose seal is whole.
func read(tx *bolt.Tx) (people []Person, err error) {
	values, about := tx.Bucket(peopleBucket), tx.Bucket(aboutBucket)
	if values == nil || about == nil {
		return nil, errors.New("it holds no people, and no version either")
	}
	if version := about.Get(versionKey); !bytes.Equal(version, fmt.Append(nil, formatVersion)) {
		return nil, errNewer
	}
	err = values.ForEach(func(id, value []byte) error {
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
	return people, checkAll(people)
}
