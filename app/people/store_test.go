package people

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/sys/unix"

	"reterminal-vision/inference/recognize"
)

var rng = rand.New(rand.NewPCG(3, 4))

// testShot is a shot of nobody.
func testShot(t testing.TB, model string) Shot {
	t.Helper()
	captured := recognize.Shot{Model: model, Embedding: make([]float32, 128), Portrait: image.NewRGBA(image.Rect(0, 0, 112, 112))}
	captured.Embedding[rng.IntN(64)], captured.Embedding[64+rng.IntN(64)] = .6, .8
	for i := range 112 {
		captured.Portrait.Set(rng.IntN(112), i, color.RGBA{uint8(rng.IntN(256)), 90, 160, 255})
	}
	shot, err := NewShot(captured, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return shot
}

func openStore(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "data", "people.db") }

func add(t testing.TB, s *Store, name string, shots int) Person {
	t.Helper()
	var taken []Shot
	for range shots {
		taken = append(taken, testShot(t, "m"))
	}
	p, err := s.Add(name, taken...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func names(people []Person) (names []string) {
	for _, p := range people {
		names = append(names, p.Name)
	}
	return names
}

func TestLifeOfAStore(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	bo, ada := add(t, s, " Bo  B. ", 2), add(t, s, "ada", 1)
	if _, err := s.AddShots(ada.ID, testShot(t, "other")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rename(ada.ID, "Ada"); err != nil {
		t.Fatal(err)
	}
	before := s.List()
	if got := names(before); !slices.Equal(got, []string{"Ada", "Bo B."}) {
		t.Errorf("names %q", got)
	}
	if !before[0].Has("other") || before[1].Has("other") || len(before[0].Shots) != 2 {
		t.Errorf("shots %+v", before)
	}
	for model, want := range map[string]int{"m": 2, "other": 1, "none": 0} {
		if g, err := s.Gallery(model); err != nil || g.Len() != want {
			t.Errorf("gallery %s: %d people (%v), want %d", model, g.Len(), err, want)
		}
	}
	g, _ := s.Gallery("m")
	if m := g.Match(bo.Shots[0].Embedding); m.ID != bo.ID || m.Name != "Bo B." {
		t.Errorf("match %+v", m)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path)
	if after := s.List(); !reflect.DeepEqual(after, before) {
		t.Errorf("after opening again: %+v, want %+v", after, before)
	}
	fresh := testShot(t, "m")
	if got, err := s.ReplaceShots(bo.ID, fresh); err != nil || len(got.Shots) != 1 || !reflect.DeepEqual(s.List()[1], got) || got.Name != "Bo B." {
		t.Errorf("after new shots: %+v, %v", got, err)
	}
	if err := s.Delete(bo.ID); err != nil {
		t.Fatal(err)
	}
	if got := names(s.List()); !slices.Equal(got, []string{"Ada"}) {
		t.Errorf("names %q", got)
	}
	add(t, s, "Cy", 1) // the new file takes changes as well
	s.Close()
	if got := names(openStore(t, path).List()); !slices.Equal(got, []string{"Ada", "Cy"}) {
		t.Errorf("names %q", got)
	}
}

func TestChangesThatAreRefused(t *testing.T) {
	s := openStore(t, newPath(t))
	p := add(t, s, "Ada", 1)
	bad := func(change func(*Shot)) Shot {
		shot := testShot(t, "m")
		change(&shot)
		return shot
	}
	long := make([]Shot, MaxShots)
	for i := range long {
		long[i] = testShot(t, "m")
	}
	addErr := func(name string, shots ...Shot) error { _, err := s.Add(name, shots...); return err }
	renameErr := func(id, name string) error { _, err := s.Rename(id, name); return err }
	shotsErr := func(id string, shots ...Shot) error { _, err := s.AddShots(id, shots...); return err }
	replaceErr := func(id string, shots ...Shot) error { _, err := s.ReplaceShots(id, shots...); return err }
	for name, err := range map[string]error{
		"no name":          addErr(" \t", testShot(t, "m")),
		"long name":        addErr(strings.Repeat("ä", MaxName+1), testShot(t, "m")),
		"control":          addErr("A\x00da", testShot(t, "m")),
		"not UTF-8":        addErr("A\xff", testShot(t, "m")),
		"unknown":          addErr("unknown", testShot(t, "m")),
		"no shots":         addErr("Bo"),
		"no embedding":     addErr("Bo", bad(func(s *Shot) { s.Embedding = nil })),
		"no unit vector":   addErr("Bo", bad(func(s *Shot) { s.Embedding[0] = 3 })),
		"no model":         addErr("Bo", bad(func(s *Shot) { s.Model = "" })),
		"no JPEG":          addErr("Bo", bad(func(s *Shot) { s.Thumbnail = []byte("GIF89a") })),
		"large thumbnail":  addErr("Bo", bad(func(s *Shot) { s.Thumbnail = append(s.Thumbnail, make([]byte, maxThumbnail)...) })),
		"other length":     addErr("Bo", bad(func(s *Shot) { s.Embedding = []float32{.6, .8} })),
		"too many shots":   shotsErr(p.ID, long...),
		"rename to none":   renameErr(p.ID, ""),
		"rename nobody":    renameErr("x", "Bo"),
		"shots for nobody": shotsErr("x", testShot(t, "m")),
		"new for nobody":   replaceErr("x", testShot(t, "m")),
		"new but none":     replaceErr(p.ID),
		"delete nobody":    s.Delete("x"),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if nobody := strings.Contains(name, "nobody"); nobody != errors.Is(err, ErrNotFound) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if got := s.List(); len(got) != 1 || !reflect.DeepEqual(got[0], p) {
		t.Errorf("the store changed: %+v", got)
	}
}

// What a caller does to what it gave and got does not reach the store.
func TestNoSharedMemory(t *testing.T) {
	s := openStore(t, newPath(t))
	shot := testShot(t, "m")
	p, err := s.Add("Ada", shot)
	if err != nil {
		t.Fatal(err)
	}
	want := s.List()
	clear(shot.Embedding)
	clear(p.Shots[0].Embedding)
	clear(s.List()[0].Shots[0].Thumbnail)
	if got := s.List(); !reflect.DeepEqual(got, want) {
		t.Error("the store changed")
	}
}

// traces are byte strings that betray a person in a file.
func traces(t testing.TB, p Person) (found [][]byte) {
	t.Helper()
	found = append(found, []byte(p.Name), []byte(p.ID))
	for _, s := range p.Shots {
		vector, err := json.Marshal(s.Embedding)
		if err != nil {
			t.Fatal(err)
		}
		picture := []byte(base64.StdEncoding.EncodeToString(s.Thumbnail))
		// A piece from the middle, since a value may be spread over pages.
		found = append(found, vector, picture[len(picture)/3:2*len(picture)/3], s.Thumbnail[20:])
	}
	return found
}

// Deleting leaves nothing in the file, nor where the old file was.
func TestDeleteReallyDeletes(t *testing.T) {
	for name, remove := range map[string]func(*testing.T, *Store, Person) error{
		"delete":  func(_ *testing.T, s *Store, p Person) error { return s.Delete(p.ID) },
		"replace": func(_ *testing.T, s *Store, _ Person) error { return replaceWithNobody(s) },
		"new shots": func(t *testing.T, s *Store, p Person) error {
			if _, err := s.Rename(p.ID, "Still There"); err != nil {
				t.Fatal(err)
			}
			_, err := s.ReplaceShots(p.ID, testShot(t, "m"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			s := openStore(t, path)
			add(t, s, "Keeper", 3)
			was := add(t, s, "Formerly Named", 4)
			now, err := s.Rename(was.ID, "Gone Person")
			if err != nil {
				t.Fatal(err)
			}
			all := append(traces(t, was), traces(t, now)...)
			raw := reveal(t, path)
			for _, trace := range all[len(all)/2:][:3] {
				if !bytes.Contains(raw, trace) {
					t.Errorf("%.30q is not to be found in the first place", trace)
				}
			}
			old := path + ".link"
			if err := os.Link(path, old); err != nil {
				t.Fatal(err)
			}
			if err := remove(t, s, now); err != nil {
				t.Fatal(err)
			}
			raw = reveal(t, path)
			for _, trace := range all {
				if len(s.List()) == 2 && string(trace) == now.ID { // who got new shots stays
					continue
				}
				if bytes.Contains(raw, trace) {
					t.Errorf("%.30q is still in the file", trace)
				}
			}
			if rest := bytes.Trim(slurp(t, old), "\x00"); len(rest) > 0 {
				t.Errorf("%d bytes are left where the old file was", len(rest))
			}
			if files, _ := filepath.Glob(path + "*"); len(files) != 3 { // and the key
				t.Errorf("files %v", files)
			}
		})
	}
}

func replaceWithNobody(s *Store) error {
	_, _, err := s.Import(strings.NewReader(`{"format":"reterminal-vision people","version":1,"exported":"2026-01-01T00:00:00Z","people":[]}`), "", Replace)
	return err
}

// reveal decrypts a database.
func reveal(t testing.TB, path string) []byte {
	t.Helper()
	key, err := readKey(KeyPath(path))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := age.Decrypt(bytes.NewReader(slurp(t, path)), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func slurp(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	p := add(t, s, "Ada", 1)
	out := path + ".json"
	if err := s.ExportFile(out, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(p.ID); err != nil {
		t.Fatal(err)
	}
	s.Close()
	for _, file := range []string{path, KeyPath(path)} {
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	openStore(t, path)
	for name, want := range map[string]os.FileMode{path: 0o600, KeyPath(path): 0o600, out: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v (%v), want %v", name, info.Mode(), err, want)
		}
	}
}

// damages are ways in which a file may come to harm.
func damages(good []byte) map[string][]byte {
	all := map[string][]byte{"empty": {}, "text": []byte(strings.Repeat("not a database\n", 2000)), "zeros": make([]byte, len(good))}
	for n := 1; n < len(good); n += 1500 {
		all[fmt.Sprint("cut at ", n)] = good[:n]
	}
	for page := 0; page+4096 <= len(good); page += 4096 {
		zeroed := slices.Clone(good)
		clear(zeroed[page : page+4096])
		all[fmt.Sprint("zeros at ", page)] = zeroed
	}
	change := func(at int, to byte) {
		b := slices.Clone(good)
		b[at] = to
		all[fmt.Sprintf("byte %d %02x to %02x", at, good[at], to)] = b
	}
	for at := 0; at < len(good); at += 1 + rng.IntN(400) {
		change(at, good[at]^byte(1<<rng.IntN(8)))
	}
	for page := 0; page+4096 <= len(good); page += 4096 { // headers, where damage does most
		for at := page; at < page+120; at += 1 + rng.IntN(12) {
			change(at, []byte{0xff, 0x7f, 0, 1, good[at] ^ 0x80}[rng.IntN(5)])
		}
	}
	return all
}

// A damaged file is told of and left alone, or the damage touches nothing that
// is stored: people are never lost in silence.
func TestDamageIsNeverSilent(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	for i := range 4 {
		add(t, s, fmt.Sprint("Person ", i), 1+i%3)
	}
	if _, err := s.Rename(s.List()[0].ID, "Somebody"); err != nil {
		t.Fatal(err)
	}
	want := s.List()
	s.Close()
	good := slurp(t, path)
	told, fine := 0, 0
	for name, bad := range damages(good) {
		if bytes.Equal(bad, good) {
			continue
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(path)
		var damaged *DamagedError
		var key *KeyError // what damage does to the beginning cannot be told from it
		switch {
		case err == nil:
			fine++
			if got := s.List(); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %q without an error", name, names(got))
			}
			s.Close()
		case !errors.As(err, &damaged) && !errors.As(err, &key) || !strings.Contains(err.Error(), path):
			t.Errorf("%s: error %v", name, err)
		default:
			told++
			if !bytes.Equal(slurp(t, path), bad) {
				t.Errorf("%s: the file changed", name)
			}
		}
	}
	if told < 100 {
		t.Errorf("only %d damages told of, %d did no harm", told, fine)
	}
	t.Logf("%d damages told of, %d did no harm", told, fine)
}

// After damage the store starts over only when asked to, and keeps the file.
func TestSetAside(t *testing.T) {
	path := newPath(t)
	openStore(t, path).Close()
	bad := []byte("what is this?")
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var damaged *DamagedError
		_, err := Open(path)
		if !errors.As(err, &damaged) {
			t.Fatalf("error %v", err)
		}
	}
	kept, err := SetAside(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := openStore(t, path).List(); len(got) != 0 {
		t.Errorf("%d people", len(got))
	}
	if !bytes.Equal(slurp(t, kept), bad) {
		t.Error("the damaged file was not kept as it was")
	}
}

// A database that was set aside while its key was away comes back with the key,
// and does not outlast the time of the people in it.
func TestSetAsideComesBack(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	add(t, s, "Ada", 1)
	want := s.List()
	s.Close()
	key, away := KeyPath(path), KeyPath(path)+".stick"
	if err := os.Rename(key, away); err != nil {
		t.Fatal(err)
	}
	kept, err := SetAside(path)
	if err != nil {
		t.Fatal(err)
	}
	if CanBringBack(path) {
		t.Error("it would come back without its key")
	}
	if err := os.WriteFile(path+asideMark+"20300101-000000.000", []byte("damaged"), 0o600); err != nil { // a newer one
		t.Fatal(err)
	}
	if err := os.Rename(away, key); err != nil {
		t.Fatal(err)
	}
	if !CanBringBack(path) {
		t.Error("it would not come back with its key")
	}
	s = openStore(t, path)
	if got := s.List(); !reflect.DeepEqual(got, want) {
		t.Errorf("%q with the key again", names(got))
	}
	if _, err := os.Stat(kept); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still set aside: %v", err)
	}
	s.Close()
	if _, err = SetAside(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(key, away); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path) // with a key of its own
	for _, c := range []struct{ days, later, left int }{{30, 29, 2}, {0, 300, 2}, {30, 31, 0}} {
		gone, err := s.ExpireAsides(c.days, time.Now().AddDate(0, 0, c.later).Add(time.Minute))
		if left := asides(path); err != nil || len(left) != c.left || gone != 2-c.left {
			t.Errorf("kept for %d days, after %d: %d gone, %v left, %v", c.days, c.later, gone, left, err)
		}
	}
}

func TestOnlyOneProgramAtATime(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	add(t, s, "Ada", 1)
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v", err)
	}
	p := add(t, s, "Bo", 1)
	if err := s.Delete(p.ID); err != nil { // the lock passes on to the new file
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v", err)
	}
}

// Where a change of names may not be on the disk, the file that a power cut would
// bring back stays whole.
func TestFolderNotSynced(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	p := add(t, s, "Ada", 2)
	if err := os.Link(path, path+".link"); err != nil {
		t.Fatal(err)
	}
	before := slurp(t, path)
	was := syncFolder
	t.Cleanup(func() { syncFolder = was })
	syncFolder = func(string) error { return syscall.EIO }
	if err := s.Delete(p.ID); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "may still be on the disk") {
		t.Errorf("error %v", err)
	}
	if !bytes.Equal(slurp(t, path+".link"), before) {
		t.Error("the file that was there before is overwritten")
	}
	syncFolder = was
	s.Close()
	if err := os.Rename(path+".link", path); err != nil { // as after a power cut
		t.Fatal(err)
	}
	if got := names(openStore(t, path).List()); !slices.Equal(got, []string{"Ada"}) {
		t.Errorf("names %q", got)
	}
}

// What could not be read again is not written.
func TestTooLarge(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	add(t, s, "Ada", 1)
	want := s.List()
	t.Cleanup(func() { largest = MaxFile })
	largest = 8 << 10
	if _, err := s.Add("Bo", testShot(t, "m"), testShot(t, "m"), testShot(t, "m")); !errors.Is(err, errTooLarge) {
		t.Errorf("error %v", err)
	}
	s.Close()
	if got := openStore(t, path).List(); !reflect.DeepEqual(got, want) {
		t.Errorf("people %q", names(got))
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 2 {
		t.Errorf("files %v", files)
	}
}

// What power cuts left of archives and keys goes with the next one.
func TestSweep(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	archive := filepath.Join(t.TempDir(), "people.json")
	leave := func(file string, old time.Duration) string {
		at := time.Now().Add(-old)
		if err := errors.Join(os.WriteFile(file, []byte("secret"), 0o600), os.Chtimes(file, at, at)); err != nil {
			t.Fatal(err)
		}
		return file
	}
	gone := leave(archive+".123.new", time.Hour)
	kept := []string{leave(archive+".124.new", time.Minute), leave(archive+".new", time.Hour), leave(filepath.Join(filepath.Dir(archive), "other.125.new"), time.Hour)}
	if err := s.ExportFile(archive, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", gone, err)
	}
	for _, file := range kept {
		if got := slurp(t, file); string(got) != "secret" {
			t.Errorf("%s: %q", file, got)
		}
	}
}

// What a power cut left of a rewrite is overwritten and goes.
func TestLeftoverCopy(t *testing.T) {
	path := newPath(t)
	openStore(t, path).Close()
	if err := os.WriteFile(path+newSuffix, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path+newSuffix, path+".link"); err != nil {
		t.Fatal(err)
	}
	openStore(t, path)
	if _, err := os.Stat(path + newSuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the copy is still there: %v", err)
	}
	if raw := slurp(t, path+".link"); bytes.Contains(raw, []byte("secret")) {
		t.Error("its bytes are still there")
	}
}

func TestManyAtOnce(t *testing.T) {
	s := openStore(t, newPath(t))
	shots := []Shot{testShot(t, "m"), testShot(t, "m")}
	var working sync.WaitGroup
	for i := range 4 {
		working.Go(func() {
			for j := range 5 {
				p, err := s.Add(fmt.Sprintf("P %d %d", i, j), shots...)
				if err != nil {
					t.Error(err)
					return
				}
				s.List()
				if _, err := s.Gallery("m"); err != nil {
					t.Error(err)
				}
				if j%2 == 1 {
					if err := s.Delete(p.ID); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	working.Wait()
	if got := len(s.List()); got != 12 {
		t.Errorf("%d people, want 12", got)
	}
}

// child runs a test of this binary by itself, on the store at path.
func child(t testing.TB, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "PEOPLE_STORE="+path)
	return cmd
}

// A full disk, here a limit on the size of files, fails the change alone.
func TestFullDisk(t *testing.T) {
	if path := os.Getenv("PEOPLE_STORE"); path != "" {
		fillDisk(t, path)
		return
	}
	if out, err := child(t, newPath(t)).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func fillDisk(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	s := openStore(t, path)
	first := add(t, s, "Ada", 2)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	limit := func(size uint64) {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: was.Max}); err != nil {
			t.Fatal(err)
		}
	}
	var many []Shot
	for range MaxShots {
		many = append(many, testShot(t, "m"))
	}
	other := openStore(t, path+".other")
	add(t, other, "Eve", 9)
	var export bytes.Buffer
	if err := other.Export(&export, ""); err != nil {
		t.Fatal(err)
	}
	limit(uint64(info.Size()))
	_, addErr := s.Add("Bo", many...)
	_, _, mergeErr := s.Import(bytes.NewReader(export.Bytes()), "", Merge)
	limit(64)
	_, _, replaceErr := s.Import(bytes.NewReader(export.Bytes()), "", Replace)
	deleteErr := s.Delete(first.ID)
	exportErr := s.ExportFile(path+".json", "")
	_, openErr := Open(path + ".new-store")
	for name, err := range map[string]error{
		"add": addErr, "merge": mergeErr, "replace": replaceErr, "delete": deleteErr, "export": exportErr, "create": openErr,
	} {
		if err == nil || !strings.Contains(err.Error(), syscall.EFBIG.Error()) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "space") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	limit(was.Cur)
	if got := s.List(); len(got) != 1 || !reflect.DeepEqual(got[0], first) {
		t.Errorf("the store changed: %q", names(got))
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 4 { // both databases and their keys
		t.Errorf("files %v", files)
	}
	if _, err := s.Add("Bo", many...); err != nil {
		t.Errorf("with room again: %v", err)
	}
	s.Close()
	if got := names(openStore(t, path).List()); !slices.Equal(got, []string{"Ada", "Bo"}) {
		t.Errorf("names %q", got)
	}
}

// Killed at any moment, the store opens with what was there before or after
// the change.
func TestKilled(t *testing.T) {
	if path := os.Getenv("PEOPLE_STORE"); path != "" {
		s := openStore(t, path)
		for i := 0; ; i++ {
			p := add(t, s, fmt.Sprint("Guest ", i), 3)
			if err := s.Delete(p.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	path := newPath(t)
	s := openStore(t, path)
	keeper := add(t, s, "Keeper", 2)
	s.Close()
	for i := range 8 {
		cmd := child(t, path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(60+37*i) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		s, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		people := s.List()
		if len(people) > 2 || !slices.ContainsFunc(people, func(p Person) bool { return reflect.DeepEqual(p, keeper) }) {
			t.Errorf("people %q", names(people))
		}
		for _, p := range people {
			if p.ID != keeper.ID {
				if err := s.Delete(p.ID); err != nil {
					t.Error(err)
				}
			}
		}
		s.Close()
	}
}
