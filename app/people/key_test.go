package people

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/sys/unix"
)

// Nothing of a person can be read from the file without the key.
func TestEncryptedAtRest(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	var all [][]byte
	for i := range 3 {
		all = append(all, traces(t, add(t, s, fmt.Sprint("Secret Person ", i), 3))...)
	}
	raw := slurp(t, path)
	if !bytes.HasPrefix(raw, ageMark) {
		t.Errorf("the file begins with %.30q", raw)
	}
	for _, trace := range append(all, []byte("people"), []byte("embedding")) {
		if bytes.Contains(raw, trace) {
			t.Errorf("%.30q can be read in the file", trace)
		}
	}
	if !bytes.Contains(reveal(t, path), []byte("Secret Person 2")) {
		t.Error("nor with the key")
	}
	key := slurp(t, KeyPath(path))
	if bytes.Contains(raw, key) || len(bytes.TrimSpace(key)) < 60 {
		t.Errorf("key of %d bytes", len(key))
	}
}

// A key that is lost, damaged or another one is told of; nothing is written
// until a person decides, and the right key brings everybody back.
func TestKeyTroubles(t *testing.T) {
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(key string) error
		says  string
	}{
		"lost":      {os.Remove, "is missing"},
		"empty":     {func(key string) error { return os.Truncate(key, 0) }, "is damaged"},
		"cut":       {func(key string) error { return os.Truncate(key, 130) }, "is damaged"},
		"text":      {func(key string) error { return os.WriteFile(key, []byte("hello\n"), 0o600) }, "is damaged"},
		"other key": {func(key string) error { return os.WriteFile(key, []byte(other.String()), 0o600) }, "is not the one"},
		"a folder": {func(key string) error {
			return errors.Join(os.Remove(key), os.Mkdir(key, 0o700))
		}, "is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			s := openStore(t, path)
			add(t, s, "Ada", 2)
			want := s.List()
			s.Close()
			key, good, db := KeyPath(path), slurp(t, KeyPath(path)), slurp(t, path)
			if err := c.spoil(key); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(key)
			for range 2 {
				_, err := Open(path)
				var wrong *KeyError
				if !errors.As(err, &wrong) || !strings.Contains(err.Error(), key+" of the database "+path+" "+c.says) {
					t.Fatalf("error %v", err)
				}
				if after, _ := os.ReadFile(key); !bytes.Equal(after, before) || !bytes.Equal(slurp(t, path), db) {
					t.Fatal("a file changed")
				}
			}
			kept, err := SetAside(path)
			if err != nil {
				t.Fatal(err)
			}
			s = openStore(t, path)
			if got := s.List(); len(got) != 0 {
				t.Errorf("%q after starting over", names(got))
			}
			s.Close()
			if err := errors.Join(os.RemoveAll(key), os.WriteFile(key, good, 0o600), os.Rename(kept, path)); err != nil {
				t.Fatal(err)
			}
			if got := openStore(t, path).List(); !reflect.DeepEqual(got, want) {
				t.Errorf("%q with the right key", names(got))
			}
		})
	}
}

// The key may be kept elsewhere, on another disk.
func TestKeyElsewhere(t *testing.T) {
	path, key := newPath(t), filepath.Join(t.TempDir(), "deep", "people.key")
	t.Setenv("RTV_PEOPLE_KEY", key)
	s := openStore(t, path)
	add(t, s, "Ada", 1)
	s.Close()
	if _, err := os.Stat(path + keySuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key lies beside the database: %v", err)
	}
	if got := openStore(t, path).List(); len(got) != 1 {
		t.Errorf("people %q", names(got))
	}
}

// A stick with FAT has neither links nor modes.
func TestKeyOnFAT(t *testing.T) {
	wasLink, wasModeless := link, modeless
	t.Cleanup(func() { link, modeless = wasLink, wasModeless })
	link = func(string, string) error { return unix.EPERM }
	modeless = func(*os.File) bool { return true }
	path, key := newPath(t), filepath.Join(t.TempDir(), "people.key")
	t.Setenv("RTV_PEOPLE_KEY", key)
	s := openStore(t, path)
	add(t, s, "Ada", 1)
	s.Close()
	if err := os.Chmod(key, 0o755); err != nil { // as everything there
		t.Fatal(err)
	}
	if got := openStore(t, path).List(); len(got) != 1 {
		t.Errorf("people %q", names(got))
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	made := slurp(t, key)
	if again, err := makeKey(key); err != nil || !bytes.Contains(made, []byte(again.String())) || !bytes.Equal(slurp(t, key), made) {
		t.Errorf("a key took another one's place: %v", err)
	}
	if files, _ := os.ReadDir(filepath.Dir(key)); len(files) != 1 {
		t.Errorf("files %v", files)
	}
}

// oldDatabase puts a database of version 1, as bbolt wrote it, at path.
func oldDatabase(t testing.TB, path string) (people []Person) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, slurp(t, filepath.Join("testdata", "version1.db")), 0o600); err != nil {
		t.Fatal(err)
	}
	people, err := readExport(bytes.NewReader(slurp(t, filepath.Join("testdata", "version1.json"))), "")
	if err != nil {
		t.Fatal(err)
	}
	return people
}

// A database from before encryption is read whole, encrypted, and what it was
// is overwritten.
func TestMigration(t *testing.T) {
	path := newPath(t)
	want := oldDatabase(t, path)
	if err := os.Link(path, path+".link"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.List(); !reflect.DeepEqual(got, want) {
			t.Errorf("%q, want %q", names(got), names(want))
		}
		s.Close()
		if raw := slurp(t, path); !bytes.HasPrefix(raw, ageMark) || bytes.Contains(raw, []byte(want[0].Name)) {
			t.Errorf("the file begins with %.30q", raw)
		}
	}
	if rest := bytes.Trim(slurp(t, path+".link"), "\x00"); len(rest) > 0 {
		t.Errorf("%d bytes are left where the old file was", len(rest))
	}
}

// A damaged key stops the migration before anything is written.
func TestMigrationNeedsTheKey(t *testing.T) {
	path := newPath(t)
	oldDatabase(t, path)
	before := slurp(t, path)
	if err := os.WriteFile(KeyPath(path), []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var wrong *KeyError
	if _, err := Open(path); !errors.As(err, &wrong) || !bytes.Equal(slurp(t, path), before) {
		t.Errorf("error %v", err)
	}
}

// Killed at any moment of a migration, the store opens with everybody.
func TestMigrationKilled(t *testing.T) {
	if path := os.Getenv("PEOPLE_STORE"); path != "" {
		openStore(t, path)
		return
	}
	cut := 0
	for i := range 12 {
		path := newPath(t)
		want := oldDatabase(t, path)
		cmd := child(t, path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for until := time.Now().Add(5 * time.Second); time.Now().Before(until); { // its first trace
			if files, _ := filepath.Glob(path + "?*"); len(files) > 0 {
				break
			}
		}
		time.Sleep(time.Duration(i) * 700 * time.Microsecond)
		cmd.Process.Kill()
		cmd.Wait()
		if !bytes.HasPrefix(slurp(t, path), ageMark) {
			cut++
		}
		s, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.List(); !reflect.DeepEqual(got, want) {
			t.Errorf("killed: %q", names(got))
		}
		s.Close()
	}
	t.Logf("%d of 12 were killed before the change, the others after", cut)
}

// Who waits for a database gets the one that has taken its place meanwhile.
func TestWaitingForTheOneInPlace(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	opened := make(chan error, 1)
	go func() {
		other, err := Open(path)
		if err == nil {
			if got := names(other.List()); len(got) != 1 {
				err = fmt.Errorf("people %q", got)
			}
			other.Close()
		}
		opened <- err
	}()
	time.Sleep(100 * time.Millisecond)
	add(t, s, "Ada", 1)
	s.Close()
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestExpire(t *testing.T) {
	s := openStore(t, newPath(t))
	p := add(t, s, "Ada", 1)
	if p.Consent.IsZero() || p.Consent != p.Created {
		t.Errorf("enrolled %v, consent of %v", p.Created, p.Consent)
	}
	for _, c := range []struct {
		days, later int
		sure        bool
		gone        int
	}{
		{0, 9999, true, 0}, {30, 29, true, 0},
		{30, 3650, false, 0}, {30, 31, false, 0}, // the clock may have leapt
		{30, 31, true, 1}, {30, 31, true, 0},
	} {
		gone, err := s.Expire(c.days, p.Created.AddDate(0, 0, c.later).Add(time.Minute), c.sure)
		if err != nil || gone != c.gone {
			t.Errorf("kept for %d days, after %d, clock sure %v: %d gone, %v", c.days, c.later, c.sure, gone, err)
		}
	}
	if got := s.List(); len(got) != 0 {
		t.Errorf("still there: %q", names(got))
	}
}

// Who was enrolled while the clock was ahead is kept as long as others, once it
// is right.
func TestExpireFromTheFuture(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	p := add(t, s, "Ada", 1)
	now := p.Created.AddDate(-10, 0, 0)
	if gone, err := s.DeleteOver(30, now); err != nil || gone != 0 || s.List()[0].Created != p.Created {
		t.Errorf("%d gone, enrolled %v, %v", gone, s.List()[0].Created, err)
	}
	if _, err := s.Expire(30, now, false); err != nil || s.List()[0].Created != p.Created {
		t.Errorf("enrolled %v by a clock that may be wrong, %v", s.List()[0].Created, err)
	}
	for range 2 {
		if gone, err := s.Expire(30, now, true); err != nil || gone != 0 || s.List()[0].Created != now {
			t.Errorf("%d gone, enrolled %v, want %v, %v", gone, s.List()[0].Created, now, err)
		}
	}
	s.Close()
	s = openStore(t, path)
	later := now.AddDate(0, 0, 30).Add(time.Minute)
	if n := s.Over(30, later); n != 1 || s.Over(0, later) != 0 || s.Over(30, now) != 0 {
		t.Errorf("the time of %d is over", n)
	}
	if gone, err := s.Expire(30, later, true); err != nil || gone != 1 {
		t.Errorf("%d gone, %v", gone, err)
	}
}

// An archive with a passphrase tells nothing without it.
func TestPassphrase(t *testing.T) {
	a, b := openStore(t, newPath(t)), openStore(t, newPath(t))
	ada := add(t, a, "Ada Lovelace", 2)
	file := filepath.Join(t.TempDir(), "archive.age")
	if err := a.ExportFile(file, "correct horse"); err != nil {
		t.Fatal(err)
	}
	if locked, err := Encrypted(file); err != nil || !locked {
		t.Errorf("encrypted: %v, %v", locked, err)
	}
	raw := slurp(t, file)
	for _, trace := range traces(t, ada) {
		if bytes.Contains(raw, trace) {
			t.Errorf("%.30q can be read in the file", trace)
		}
	}
	for _, wrong := range []string{"", "wrong horse"} {
		if _, _, err := b.ImportFile(file, wrong, Merge); !errors.Is(err, ErrPassphrase) {
			t.Errorf("with %q: %v", wrong, err)
		}
	}
	if added, _, err := b.ImportFile(file, "correct horse", Merge); err != nil || added != 1 {
		t.Errorf("%d added, %v", added, err)
	}
	if !reflect.DeepEqual(a.List(), b.List()) {
		t.Errorf("imported %q", names(b.List()))
	}
	// Guessing is made slow, but nobody can make it cost all memory.
	costly := bytes.Replace(raw, []byte(fmt.Sprintf(" %d\n", lasting)), []byte(" 22\n"), 1)
	if _, _, err := b.Import(bytes.NewReader(costly), "correct horse", Merge); err == nil || !strings.Contains(err.Error(), "work factor") {
		t.Errorf("work factor 22: %v", err)
	}
}
