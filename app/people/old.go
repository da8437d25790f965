package people

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// Databases of version 1 were not encrypted: files of bbolt with two buckets,
// people, by ID as JSON, and about, with the version; behind the last page a
// mark and the SHA-256 of all before. They are read here, without bbolt, which
// trusts what its pages say to the point of crashing, and written never.

// oldMark stands before the checksum at the end of such a file.
var oldMark = []byte("people sealed: ")

// maxOld bounds such a file, in bytes: pages are half empty at worst.
const maxOld = 2 * MaxFile

// readOldFile reads a whole database of version 1.
func readOldFile(f *os.File) ([]Person, error) {
	raw, err := io.ReadAll(io.NewSectionReader(f, 0, maxOld))
	if err != nil {
		return nil, err
	}
	content := len(raw) - len(oldMark) - sha256.Size
	if content <= 0 {
		return nil, errors.New("it is cut off")
	}
	sum := sha256.Sum256(raw[:content])
	if !bytes.Equal(raw[content:], append(bytes.Clone(oldMark), sum[:]...)) {
		return nil, errors.New("its content is not what was written")
	}
	return readOld(raw[:content])
}

// errOldPages is the error of pages that bbolt never writes.
var errOldPages = errors.New("its pages do not fit together")

// readOld takes all people out of the pages of a database of version 1.
func readOld(data []byte) (people []Person, err error) {
	file, root, err := openOld(data)
	if err != nil {
		return nil, err
	}
	var values, about []byte
	err = file.walk(root, func(key, value []byte) error {
		switch string(key) {
		case "people":
			values = value
		case "about":
			about = value
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	version := ""
	err = file.bucket(about, func(key, value []byte) error {
		if string(key) == "version" {
			version = string(value)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case version == "":
		return nil, errors.New("it holds no people, and no version either")
	case version != "1":
		return nil, errNewer
	}
	err = file.bucket(values, func(id, value []byte) error {
		if len(people) == MaxPeople {
			return errTooMany(MaxPeople + 1)
		}
		p, err := readPerson(value)
		if err != nil {
			return fmt.Errorf("the record %.64q: %w", id, err)
		}
		people = append(people, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return people, checkAll(people)
}

// oldFile reads the pages of bbolt, version 2: little-endian, each with its
// number, kind, count of elements and count of pages it takes besides; see
// https://github.com/etcd-io/bbolt/tree/main/internal/common.
type oldFile struct {
	data     []byte
	pageSize uint64
	left     int // pages that may still be read: one that leads back to itself ends
}

// Sizes in bytes, and kinds of pages.
const (
	oldHeader  = 16
	oldElement = 16
	oldMeta    = 64 // without the header
	oldBranch  = 1
	oldLeaf    = 2
)

// openOld finds the newer of the two meta pages, and the root page it names.
func openOld(data []byte) (file *oldFile, root uint64, err error) {
	var newest uint64
	for _, size := range []uint64{4 << 10, 16 << 10, 64 << 10} { // of the systems this runs on
		for i := range uint64(2) {
			at := i*size + oldHeader
			if uint64(len(data)) < at+oldMeta {
				continue
			}
			meta := data[at : at+oldMeta]
			number := func(at int) uint64 { return binary.LittleEndian.Uint64(meta[at:]) }
			sum := fnv.New64a()
			sum.Write(meta[:56])
			if number(0) != 2<<32|0xED0CDAED || binary.LittleEndian.Uint32(meta[8:]) != uint32(size) || number(56) != sum.Sum64() {
				continue
			}
			if change := number(48); file == nil || change > newest {
				file, root, newest = &oldFile{data: data, pageSize: size, left: len(data) / int(size)}, number(16), change
			}
		}
	}
	if file == nil {
		return nil, 0, errors.New("it is not a list of people")
	}
	return file, root, nil
}

// bucket calls do with all keys and values of the bucket that the value stands
// for: it names a root page, or holds a small one.
func (f *oldFile) bucket(value []byte, do func(key, value []byte) error) error {
	if len(value) < oldHeader {
		return errOldPages
	}
	if root := binary.LittleEndian.Uint64(value); root != 0 {
		return f.walk(root, do)
	}
	return f.elements(value[oldHeader:], do)
}

// walk does so with a page and those below it.
func (f *oldFile) walk(number uint64, do func(key, value []byte) error) error {
	if f.left--; f.left < 0 || number >= uint64(len(f.data))/f.pageSize {
		return errOldPages
	}
	return f.elements(f.data[number*f.pageSize:], do)
}

// elements does so with what is on a page, which begins the bytes.
func (f *oldFile) elements(page []byte, do func(key, value []byte) error) error {
	if len(page) < oldHeader {
		return errOldPages
	}
	kind, count := binary.LittleEndian.Uint16(page[8:]), int(binary.LittleEndian.Uint16(page[10:]))
	if len(page) < oldHeader+count*oldElement {
		return errOldPages
	}
	for i := range count {
		element := page[oldHeader+i*oldElement:]
		number := func(at int) uint64 { return uint64(binary.LittleEndian.Uint32(element[at:])) }
		var err error
		switch kind {
		case oldBranch:
			err = f.walk(binary.LittleEndian.Uint64(element[8:]), do)
		case oldLeaf:
			at, key, value := number(4), number(8), number(12)
			if at+key+value > uint64(len(element)) {
				return errOldPages
			}
			err = do(element[at:at+key], element[at+key:at+key+value])
		default:
			err = errOldPages
		}
		if err != nil {
			return err
		}
	}
	return nil
}
