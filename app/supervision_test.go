package app

import (
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/watchdog"
)

// faulty builds the library that goes wrong when it is told to, and returns the
// environment that loads it and how it is told.
func faulty(t *testing.T) (env []string, tell func(string)) {
	t.Helper()
	dir := t.TempDir()
	library, file := filepath.Join(dir, "fault.so"), filepath.Join(dir, "fault")
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-O1", "-o", library, "testdata/fault.c", "-ldl").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	tell = func(what string) {
		t.Helper()
		fresh := file + ".new"
		if err := errors.Join(os.WriteFile(fresh, []byte(what), 0o600), os.Rename(fresh, file)); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"LD_PRELOAD=" + library, "RTV_FAULT=" + file}, tell
}

// soon fails a test in which a fault was not noticed within as long as the watchdog
// allows a process whose cores others take, as other tests do; with RTV_PROMPT=1,
// for a machine that does nothing else, within 5 s.
func soon(t *testing.T, what string, noticed, waited time.Duration) {
	t.Helper()
	limit := 5 * time.Second
	if os.Getenv("RTV_PROMPT") != "1" {
		limit += watchdog.StarvedFactor * watchdog.FrameLimit
	}
	if noticed > limit {
		t.Errorf("%s: noticed after %v, in which it waited %v for a core: want %v", what, noticed, waited, limit)
	}
}

// TestCrashes has the C library crash, abort, exit and hang in a demo on the
// screen: each time the app is in the same demo again. The fifth crash in a row
// leads to the safe screen, from which the settings can be reached.
func TestCrashes(t *testing.T) {
	s := screen{t, display(t)}
	env, tell := faulty(t)
	data := seasoned(t)
	p := start(t, append(env, s.display, "LANGUAGE=en", "XDG_DATA_HOME="+data), "--kiosk", "--models-dir", filepath.Join("..", "models", "trained"))
	p.log.await(t, "window shown", 1)
	s.still("gallery")
	s.tap(360, 300)
	for i, f := range []struct{ fault, says, log string }{
		{"segv once", "the app is started again", "SIGSEGV"},
		{"abort once", "the app is started again", "SIGABRT"},
		{"hang once", "demo is stuck", "stuck in a network"},
		{"exit once", "the app is started again", "exit status 3"},
	} {
		p.log.await(t, "source open", i+1)
		time.Sleep(500 * time.Millisecond)
		before := strings.Count(p.log.String(), f.says)
		struck, child := time.Now(), fmt.Sprint(p.child(t))
		starved := watchdog.CPUWaits(child)
		tell(f.fault)
		p.log.await(t, f.says, before+1)
		noticed := time.Since(struck)
		soon(t, f.fault, noticed, watchdog.CPUWaits(child).Since(starved))
		if strings.HasPrefix(f.fault, "hang") {
			time.Sleep(700 * time.Millisecond)
			s.shot("stuck")
		}
		p.log.await(t, "the app is started again", i+1)
		p.log.await(t, "source open", i+2)
		t.Logf("TABLE %s | noticed %v | back %v", f.fault, noticed.Round(time.Millisecond), time.Since(struck).Round(time.Millisecond))
		if log := p.log.String(); strings.Count(log, `msg="the app is started again"`) != i+1 || !strings.Contains(log, f.log) || !strings.Contains(log, fmt.Sprintf("demo=vehicles crashes=%d", i+1)) {
			t.Fatalf("%s: the log tells otherwise:\n%s", f.fault, log)
		}
		s.shot("again-" + strings.Fields(f.fault)[0])
	}
	tell("segv once")
	p.log.await(t, "safe screen", 1)
	p.log.await(t, "window shown", 6)
	before := words(s.still("safe"))
	if text, err := os.ReadFile(filepath.Join(data, "reterminal-vision", "crashes.txt")); err != nil || strings.Count(string(text), "after the start") != 5 {
		t.Errorf("report %q, %v", text, err)
	}
	s.tapped(360, 778, "safe-settings")
	s.tap(100, 64)
	s.awaitShot("safe-again", func(img image.Image) bool { return alike(words(img), before) })
	s.tapped(360, 591, "started-again")
	s.tap(360, 300)
	p.log.await(t, "source open", 6)
	p.end(t, syscall.SIGTERM)
}

// TestHangingStart has a network hang in its first run, in a demo that ran here
// before: it is noticed as soon as in any other.
func TestHangingStart(t *testing.T) {
	s := screen{t, display(t)}
	env, tell := faulty(t)
	data := seasoned(t)
	if err := os.WriteFile(filepath.Join(data, "reterminal-vision", "speeds.json"), []byte(`{"belt": 90}`), 0o600); err != nil {
		t.Fatal(err)
	}
	tell("hang once")
	p := start(t, append(env, s.display, "LANGUAGE=en", "XDG_DATA_HOME="+data), "--kiosk", "--demo", "belt", "--verbose",
		"--models-dir", filepath.Join("..", "models", "trained"))
	p.log.await(t, "networks ready", 1)
	struck, child := time.Now(), fmt.Sprint(p.child(t))
	p.log.await(t, `in="the first run of a network"`, 1)
	soon(t, "hang in the first run", time.Since(struck), watchdog.CPUWaits(child).Since(nil))
	p.log.await(t, "source open", 2)
	p.end(t, syscall.SIGTERM)
}

// TestFrozenApp stops the process that does the work, as nothing inside it can
// notice.
func TestFrozenApp(t *testing.T) {
	s := screen{t, display(t)}
	p := start(t, []string{s.display, "LANGUAGE=en"}, "--demo", "belt", "--models-dir", filepath.Join("..", "models", "trained"))
	p.log.await(t, "source open", 1)
	p.log.await(t, "window shown", 1)
	if err := syscall.Kill(p.child(t), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.log.await(t, "it did not answer for 10s", 1)
	p.log.await(t, "source open", 2)
	p.end(t, os.Interrupt)
}

// TestHeadlessHangs ends with an error rather than hang.
func TestHeadlessHangs(t *testing.T) {
	env, tell := faulty(t)
	p := start(t, env, "--headless", "--demo", "belt", "--loop", "--models-dir", filepath.Join("..", "models", "trained"))
	p.out.await(t, "\n", 3)
	tell("spin once")
	select {
	case err := <-p.done:
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != cli.Failed || !strings.Contains(p.log.String(), "stuck in a network") {
			t.Errorf("%v:\n%s", err, &p.log)
		}
	case <-time.After(time.Minute):
		t.Error("it hangs")
	}
}
