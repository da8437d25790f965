package app

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"reterminal-vision/app/people"
	"reterminal-vision/app/settings"
	"reterminal-vision/inference/recognize"
)

// keepWriting enrols and deletes people and changes settings in a folder, and
// says on standard output what it is about to do and what is done.
func keepWriting(t *testing.T, folder string) {
	for i := int(time.Now().UnixMicro()); ; i++ { // so that each life has names of its own
		store, err := people.Open(filepath.Join(folder, "people.db"))
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint("Guest ", i)
		fmt.Println("adding", name)
		p, err := store.Add(name, guestShot(t), guestShot(t))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("added", name)
		if all := store.List(); len(all) > 4 {
			old := all[0]
			if old.ID == p.ID {
				old = all[1]
			}
			fmt.Println("deleting", old.Name)
			if err := store.Delete(old.ID); err != nil {
				t.Fatal(err)
			}
			fmt.Println("deleted", old.Name)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		fmt.Println("setting", i)
		if err := settings.Save(filepath.Join(folder, "settings.json"), settings.Settings{Welcomed: true, Keep: i, Language: strings.Repeat("x", i%5000+1)}); err != nil {
			t.Fatal(err)
		}
		fmt.Println("set", i)
	}
}

func guestShot(t *testing.T) people.Shot {
	t.Helper()
	captured := recognize.Shot{Model: "m", Embedding: make([]float32, 128), Portrait: image.NewRGBA(image.Rect(0, 0, 112, 112))}
	captured.Embedding[rand.IntN(128)] = 1
	for i := range captured.Portrait.Pix {
		captured.Portrait.Pix[i] = byte(100 + rand.IntN(60))
	}
	shot, err := people.NewShot(captured, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return shot
}

// wholeLines are the whole lines among what a killed program said.
func wholeLines(said string) []string {
	lines := strings.Split(said, "\n")
	return lines[:len(lines)-1]
}

// checkKept compares what is in a folder with what a writer said it had done.
func checkKept(t *testing.T, what, folder string, said []string) (peopleKept int) {
	t.Helper()
	store, err := people.Open(filepath.Join(folder, "people.db"))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return 0
	}
	defer store.Close()
	there := map[string]bool{}
	for _, p := range store.List() {
		there[p.Name] = true
	}
	state, set, setting := map[string]string{}, -1, -1
	for _, line := range said {
		did, about, _ := strings.Cut(line, " ")
		switch did {
		case "adding", "added", "deleting", "deleted":
			state[about] = did
		case "set":
			set, _ = strconv.Atoi(about)
		case "setting":
			setting, _ = strconv.Atoi(about)
		}
	}
	for name, did := range state {
		switch {
		case did == "added" && !there[name]:
			t.Errorf("%s: %s was enrolled and is lost", what, name)
		case did == "deleted" && there[name]:
			t.Errorf("%s: %s was deleted and is there", what, name)
		}
	}
	for name := range there {
		if state[name] == "" {
			t.Errorf("%s: %s was never enrolled", what, name)
		}
	}
	got, err := settings.Load(filepath.Join(folder, "settings.json"))
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if set >= 0 && got.Keep != set && got.Keep != setting {
		t.Errorf("%s: the setting is %d, was %d, then perhaps %d", what, got.Keep, set, setting)
	}
	return len(there)
}

// writer is a process that keeps writing.
type writer struct {
	*exec.Cmd
	out watched
}

func startWriter(t *testing.T, folder string) *writer {
	t.Helper()
	w := &writer{Cmd: exec.Command(os.Args[0], "-test.run=TestPowerLoss", "-test.timeout=0")}
	w.Env = append(os.Environ(), "RTV_KEEP_WRITING="+folder)
	w.Stdout = &w.out
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Process.Kill(); _ = w.Wait() })
	return w
}

// powerCuts is how often the power is cut: $RTV_POWER_CUTS, or a few times.
func powerCuts() int {
	if n, err := strconv.Atoi(os.Getenv("RTV_POWER_CUTS")); err == nil && n > 0 {
		return n
	}
	return 12
}

// TestPowerLoss cuts the power while people are enrolled and deleted and
// settings change, on an ext4 file system on a loop device. At a random moment
// the program is killed; what the device holds then, without all that only
// memory holds, is mounted as after a cut, its journal recovered, and files that
// were left half written are torn at random sectors. Nothing that was done is
// lost, nor is anybody back who was deleted: after the cut, and after the kill.
func TestPowerLoss(t *testing.T) {
	if folder := os.Getenv("RTV_KEEP_WRITING"); folder != "" {
		keepWriting(t, folder)
	}
	dir := t.TempDir()
	disk, cut := filepath.Join(dir, "disk"), filepath.Join(dir, "cut")
	live, after := filepath.Join(dir, "live"), filepath.Join(dir, "after")
	if err := errors.Join(os.Mkdir(live, 0o700), os.Mkdir(after, 0o700), os.WriteFile(disk, nil, 0o600), os.Truncate(disk, 24<<20)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", disk}, {"mount", "-o", "loop", disk, live}} {
		if err := command(args[0], args[1:]...)(); err != nil {
			t.Skipf("needs root and loop devices: %v", err)
		}
	}
	defer func() {
		if err := command("umount", "-l", live)(); err != nil {
			t.Error(err)
		}
	}()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	var said []string // by all writers so far
	torn, kept := 0, 0
	for n := range powerCuts() {
		w := startWriter(t, live)
		w.out.await(t, "set ", 1+n%2)
		time.Sleep(time.Duration(r.IntN(120)) * time.Millisecond)
		_ = w.Process.Kill()
		_ = w.Wait()
		said = append(said, wholeLines(w.out.String())...)
		copyQuiet(t, disk, cut)
		what := fmt.Sprintf("cut %d after %d steps", n, len(said))
		if err := command("mount", "-o", "loop", cut, after)(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		torn += tear(t, r, after)
		kept += checkKept(t, what, after, said)
		if err := command("umount", after)(); err != nil {
			t.Fatal(err)
		}
		checkKept(t, "killed, "+what, live, said)
	}
	t.Logf("%d cuts, %d steps, %d files torn, %d people kept", powerCuts(), len(said), torn, kept)
}

// copyQuiet copies a disk that nobody writes to any more: two copies are alike
// once what is on its way to it has arrived.
func copyQuiet(t *testing.T, disk, to string) {
	t.Helper()
	before, err := os.ReadFile(disk)
	for until := time.Now().Add(20 * time.Second); err == nil; {
		time.Sleep(20 * time.Millisecond)
		var now []byte
		if now, err = os.ReadFile(disk); err == nil && bytes.Equal(before, now) {
			err = os.WriteFile(to, now, 0o600)
			break
		}
		if before = now; time.Now().After(until) {
			err = errors.New("the disk is never quiet")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// tear damages, as a cut in the midst of a write does, files that are not yet in
// their place: their sectors from a random one on are zeros, or missing.
func tear(t *testing.T, r *rand.Rand, folder string) (torn int) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() == "people.db" || strings.HasPrefix(f.Name(), "people.db.key") || f.Name() == "settings.json" || f.IsDir() {
			continue
		}
		path := filepath.Join(folder, f.Name())
		info, err := f.Info()
		if err != nil || info.Size() == 0 {
			continue
		}
		sector := r.Int64N(info.Size()/512 + 1)
		if r.IntN(2) == 0 {
			err = os.Truncate(path, sector*512)
		} else {
			var file *os.File
			if file, err = os.OpenFile(path, os.O_WRONLY, 0); err == nil {
				_, err = io.Copy(io.NewOffsetWriter(file, sector*512), bytes.NewReader(make([]byte, info.Size()-min(sector*512, info.Size()))))
				err = errors.Join(err, file.Close())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		torn++
	}
	return torn
}
