package people

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"filippo.io/age"
)

// smallDocument is a list of people, in the clear.
func smallDocument(f *testing.F) []byte {
	var b bytes.Buffer
	p := Person{ID: "1", Name: "Ada", Shots: []Shot{{Model: "m", Embedding: []float32{.6, .8}}}}
	if err := write(&b, []Person{p}); err != nil {
		f.Fatal(err)
	}
	return b.Bytes()
}

// FuzzDocument reads any text as a list of people; what is taken can be
// written and read again.
func FuzzDocument(f *testing.F) {
	f.Add(smallDocument(f))
	f.Add(slurp(f, filepath.Join("testdata", "version1.json")))
	for _, text := range []string{
		"", "null", "{}", "[]", `{"format":1}`, `{"people":[{}]}`, `{"format":"reterminal-vision people","version":2,"people":null}`,
		`{"format":"reterminal-vision people","version":9e9,"people":[]}`, `{"format":"reterminal-vision people","version":1,"people":[{"id":"1","name":"A","shots":[{},{}]}]}`,
		`{"format":"reterminal-vision people","version":2,"people":[` + "\x00", `{"format":"reterminal-vision people","version":2,"people":{"a":[`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		people, err := readExport(bytes.NewReader(text), "")
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := write(&again, people); err != nil {
			t.Fatal(err)
		}
		if twice, err := readExport(&again, ""); err != nil || len(twice) != len(people) {
			t.Fatalf("%d people became %d, %v", len(people), len(twice), err)
		}
	})
}

// FuzzArchive reads any file as an archive with a passphrase. Headers that ask
// for slow passphrases are left out: each takes a second, as it should.
func FuzzArchive(f *testing.F) {
	for _, text := range []string{"", "age-encryption.org/v1\n", "age-encryption.org/v1\n-> scrypt AAAA 30\nAAAA\n--- AAAA\n", "age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\nxx"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Contains(text, []byte("scrypt")) && !bytes.Contains(text, []byte(" 30\n")) {
			return
		}
		readExport(bytes.NewReader(text), "passphrase")
	})
}

// FuzzDatabase opens any file as a database: it is read, or told of and left
// as it is.
func FuzzDatabase(f *testing.F) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	var good bytes.Buffer
	if err := encrypt(&good, nil, key.Recipient()); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(good.Bytes()[:good.Len()-5])
	f.Add(slurp(f, filepath.Join("testdata", "version1.db")))
	f.Add([]byte{})
	f.Add(oldMark)
	path := filepath.Join(f.TempDir(), "people.db")
	if err := os.WriteFile(KeyPath(path), []byte(key.String()), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		opened, _, _, err := load(path, KeyPath(path))
		if err == nil {
			opened.Close()
			return
		}
		var damaged *DamagedError
		var other *KeyError
		if !errors.As(err, &damaged) && !errors.As(err, &other) {
			t.Fatal(err)
		}
		if got := slurp(t, path); !bytes.Equal(got, file) {
			t.Fatal("the file changed")
		}
	})
}

// FuzzOldPages reads pages of a database of version 1 whose checksum is right,
// whatever they hold.
func FuzzOldPages(f *testing.F) {
	raw := slurp(f, filepath.Join("testdata", "version1.db"))
	good := raw[:len(raw)-len(oldMark)-sha256.Size]
	f.Add(good)
	f.Add(good[:3*4096])
	f.Add(good[:100])
	f.Fuzz(func(t *testing.T, pages []byte) {
		people, err := readOld(pages)
		if err == nil && checkAll(people) != nil {
			t.Fatalf("took %+v", people)
		}
	})
}

// FuzzKey reads any text as a key, of which an error repeats nothing.
func FuzzKey(f *testing.F) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{"", "#\n", key.String(), "# key\n\n" + key.String() + "\n", key.String()[:40], "AGE-SECRET-KEY-1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := parseKey(text)
		if err == nil && key.Recipient() == nil || err != nil && err != errKeyDamaged {
			t.Fatal(key, err)
		}
	})
}

// What is short as a file takes no more memory than people may.
func TestBombs(t *testing.T) {
	head := `{"format":"` + documentFormat + `","version":2,"people":[`
	for name, text := range map[string]string{
		"people": head + string(bytes.Repeat([]byte("{},"), 20<<20/3)),
		"shots":  head + `{"id":"1","name":"A","shots":[` + string(bytes.Repeat([]byte("{},"), 20<<20/3)) + "{}]}]}",
		"vector": head + `{"id":"1","name":"A","shots":[{"embedding":[` + string(bytes.Repeat([]byte("1,"), 10<<20)) + "1]}]}]}",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		people, err := readExport(strings.NewReader(text), "")
		runtime.ReadMemStats(&after)
		// A decoder doubles its buffer as it reads: five times the text at most.
		if took := after.TotalAlloc - before.TotalAlloc; err == nil || people != nil || took > 6*uint64(len(text)) {
			t.Errorf("%s: %d people, %v, %d MiB for a text of %d", name, len(people), err, took>>20, len(text)>>20)
		}
	}
	// One record is bounded, too.
	record, err := json.Marshal(Person{Name: string(bytes.Repeat([]byte("x"), maxRecord))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readPerson(record); err == nil {
		t.Error("a record of a megabyte is taken")
	}
}
