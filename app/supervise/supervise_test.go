package supervise

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test is the supervised program, too: what it does is the last argument,
// with the first of them for its first life.
func TestMain(m *testing.M) {
	if l := Attach(); l != nil {
		live(l, os.Args[len(os.Args)-1])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// live does one thing after the other that a program does.
func live(l *Link, lives string) {
	before := l.Before()
	text, _ := json.Marshal(before)
	fmt.Fprintln(os.Stderr, "before", string(text))
	all := strings.Split(lives, ";")
	life := all[min(len(before.Crashes), len(all)-1)]
	for _, do := range strings.Split(life, ",") {
		what, about, _ := strings.Cut(do, ":")
		switch what {
		case "ready":
			l.Ready()
		case "demo":
			l.Running(about, false)
		case "attract":
			l.Running(about, true)
		case "alive":
			for range 5 {
				l.Alive(about != "0")
				time.Sleep(tick / 2)
			}
		case "undrawn":
			for {
				l.Alive(false)
				time.Sleep(tick / 2)
			}
		case "segv":
			_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
			time.Sleep(time.Second)
		case "killed":
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case "panic":
			panic("that was it")
		case "exit": // as a C library may
			os.Exit(0)
		case "talks": // more than a pipe holds
			for range 100 {
				fmt.Fprintln(os.Stderr, strings.Repeat("talk ", 1000))
			}
		case "ends":
			l.Ends(7)
			os.Exit(7)
		case "stops":
			stop := make(chan os.Signal, 1)
			signal.Notify(stop, syscall.SIGTERM)
			fmt.Fprintln(os.Stderr, "waiting")
			<-stop
			l.Stopping()
			l.Ends(0)
			os.Exit(0)
		case "deaf":
			signal.Ignore(syscall.SIGTERM)
			fmt.Fprintln(os.Stderr, "waiting")
			time.Sleep(time.Minute)
		case "frozen":
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
			time.Sleep(time.Minute)
		case "silent":
			time.Sleep(time.Minute)
		case "restart":
			l.Restart("stuck in a network")
			os.Exit(1)
		case "leaves": // a program behind that holds the log open
			cmd := exec.Command("sleep", "60")
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				panic(err)
			}
			fmt.Fprintln(os.Stderr, "left", cmd.Process.Pid)
		}
	}
}

const tick = 20 * time.Millisecond

// told is a service manager.
type told struct {
	mu    sync.Mutex
	all   []string
	pings int
}

func (n *told) say(s string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Contains(n.all, s) {
		n.all = append(n.all, s)
	}
	return nil
}

func (n *told) Ready() error                    { return n.say("ready") }
func (n *told) Stopping() error                 { return n.say("stopping") }
func (n *told) Watchdog() error                 { n.mu.Lock(); n.pings++; n.mu.Unlock(); return n.say("watchdog") }
func (n *told) WatchdogInterval() time.Duration { return tick }

// heard is a log that a test waits for.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// lives are what each child was told, in order.
func (h *heard) lives(t *testing.T) (all []Before) {
	t.Helper()
	for _, line := range strings.Split(h.String(), "\n") {
		if text, ok := strings.CutPrefix(line, "before "); ok {
			var b Before
			if err := json.Unmarshal([]byte(text), &b); err != nil {
				t.Fatal(err)
			}
			all = append(all, b)
		}
	}
	return all
}

func run(t *testing.T, lives string) (int, *heard, *told) {
	t.Helper()
	log, notify := &heard{}, &told{}
	code, err := Run(Options{Args: []string{"-test.run=none", lives}, Stderr: log, Notify: notify, Drawn: true, Tick: tick, Start: 500 * tick,
		Silent: 60 * tick, Undrawn: 60 * tick, Stopping: 50 * tick, Pause: tick})
	if err != nil {
		t.Fatal(err)
	}
	return code, log, notify
}

// Each way in which a program can end, and what becomes of it.
func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name, lives string
		code        int
		how         []string // of the crashes that the last life is told
		demo        string   // to go on with
	}{
		{"announced", "ready,ends", 7, nil, ""},
		{"C crashes", "ready,demo:belt,alive,segv;ends", 7, []string{"SIGSEGV"}, "belt"},
		{"panics", "ready,demo:belt,panic;ends", 7, []string{"panic: that was it"}, "belt"},
		{"killed for its memory", "ready,demo:belt,killed;ends", 7, []string{"signal: killed"}, "belt"},
		{"a library ends it", "ready,demo:belt,exit;ends", 7, []string{"exit status 0"}, "belt"},
		{"crashes before it is ready", "segv;ends", 7, []string{"SIGSEGV"}, ""},
		{"attracts", "ready,attract:belt,killed;ends", 7, []string{"signal: killed"}, ""},
		{"nothing runs any more", "ready,demo:belt,demo:,killed;ends", 7, []string{"signal: killed"}, ""},
		{"is stuck", "ready,demo:belt,restart;ends", 7, []string{"stuck in a network"}, "belt"},
		{"silent", "ready,demo:belt,silent;ends", 7, []string{"did not answer"}, "belt"},
		{"frozen", "ready,demo:belt,frozen;ends", 7, []string{"did not answer"}, "belt"},
		{"draws nothing", "ready,demo:belt,undrawn;ends", 7, []string{"not drawn"}, "belt"},
		{"leaves programs behind", "ready,leaves,killed;ends", 7, []string{"signal: killed"}, ""},
		{"different ones", "ready,demo:a,killed;demo:b,panic;ends", 7, []string{"killed", "that was it"}, "b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, log, _ := run(t, tt.lives)
			if code != tt.code {
				t.Errorf("exit code %d", code)
			}
			lives := log.lives(t)
			last := lives[len(lives)-1]
			if last.Demo != tt.demo || last.Safe || len(last.Crashes) != len(tt.how) {
				t.Fatalf("the last one was told %+v", last)
			}
			for i, want := range tt.how {
				if !strings.Contains(last.Crashes[i].How, want) {
					t.Errorf("crash %d: %q, want %q", i, last.Crashes[i].How, want)
				}
			}
			for line := range strings.Lines(log.String()) {
				var pid int
				if n, _ := fmt.Sscanf(line, "left %d", &pid); n == 1 && syscall.Kill(pid, 0) == nil {
					state, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
					if !bytes.Contains(state, []byte(") Z ")) { // nobody waits for it here
						t.Errorf("what it left behind still runs: %s", state)
					}
				}
			}
		})
	}
}

// While the parent still waits for a child that draws nothing, systemd does not
// step in: it hears that the parent works until the child is started again.
func TestPingedWhileUndrawn(t *testing.T) {
	code, log, notify := run(t, "ready,demo:belt,undrawn;ready,ends")
	last := log.lives(t)[1]
	if code != 7 || last.Demo != "belt" || !strings.Contains(last.Last().How, "not drawn") {
		t.Errorf("exit code %d, the second was told %+v", code, last)
	}
	if notify.pings < 20 { // of some 60 ticks
		t.Errorf("systemd was pinged %d times", notify.pings)
	}
}

// A child that stays where it is, killed or not, is left to systemd.
func TestNotPingedWithoutHope(t *testing.T) {
	cmd := exec.Command("sleep", "60") // its end is never looked for, as if it had none
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	notify := &told{}
	c := &child{opt: Options{Notify: notify, Tick: tick, Stopping: 5 * tick}, cmd: cmd, dying: 1}
	for n := range 15 {
		c.pinged = time.Time{}
		if c.tick(); n == 2 && notify.pings == 0 {
			t.Error("systemd is not pinged while the child is being ended")
		}
	}
	if notify.pings > 5 {
		t.Errorf("systemd was pinged %d times", notify.pings)
	}
}

// unwilling is a log on a full disk.
type unwilling struct{ refused int }

func (u *unwilling) Write([]byte) (int, error) { u.refused++; return 0, syscall.ENOSPC }

// A log that nobody takes does not end the program.
func TestLogRefused(t *testing.T) {
	log := &unwilling{}
	code, err := Run(Options{Args: []string{"-test.run=none", "ready,talks,ends"}, Stderr: log, Tick: tick})
	if code != 7 || err != nil || log.refused < 2 {
		t.Errorf("exit code %d, %v, %d writes refused", code, err, log.refused)
	}
}

// A machine that has nothing left to start a program with is asked again.
func TestStartsLater(t *testing.T) {
	var usual syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &usual); err != nil {
		t.Fatal(err)
	}
	limit := func(n uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: usual.Max}); err != nil {
			t.Error(err)
		}
	}
	said := &heard{}
	usualLog := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(said, nil)))
	defer slog.SetDefault(usualLog)
	limit(3)
	time.AfterFunc(10*tick, func() { limit(usual.Cur) })
	code, log, notify := run(t, "ready,ends")
	if code != 7 || len(log.lives(t)) != 1 || !slices.Contains(notify.all, "ready") {
		t.Errorf("exit code %d, log %q, systemd was told %v", code, log, notify.all)
	}
	if n := strings.Count(said.String(), "cannot be started now"); n < 2 || n > 8 {
		t.Errorf("tried %d times more: %s", n, said)
	}
}

// Five crashes lead to the safe screen, which is started again when it crashes
// itself.
func TestSafe(t *testing.T) {
	code, log, notify := run(t, "ready,demo:belt,panic;ready,demo:belt,panic;ready,demo:belt,panic;ready,demo:belt,panic;ready,demo:belt,segv;"+
		"ready,panic;ready,alive,ends")
	lives := log.lives(t)
	if code != 7 || len(lives) != 7 {
		t.Fatalf("exit code %d after %d lives", code, len(lives))
	}
	for i, b := range lives {
		if b.Safe != (i >= 5) || len(b.Crashes) != i {
			t.Errorf("life %d was told %+v", i, b)
		}
	}
	if last := lives[5].Last(); !strings.Contains(last.How, "SIGSEGV") || last.Demo != "belt" || !strings.Contains(last.Log, "SIGSEGV") || strings.Contains(last.Log, "\ngoroutine") {
		t.Errorf("the report: %+v", last)
	}
	if text := lives[5].Text(); strings.Count(text, "Z: panic: that was it, ") != 4 {
		t.Errorf("the report: %s", text)
	}
	if !slices.Contains(notify.all, "ready") || !slices.Contains(notify.all, "watchdog") {
		t.Errorf("systemd was told %v", notify.all)
	}
}

// A signal ends the child well; one that does not listen is ended.
func TestSignals(t *testing.T) {
	for lives, want := range map[string]int{"ready,stops": 0, "ready,deaf": 128 + int(syscall.SIGTERM)} {
		log, notify := &heard{}, &told{}
		done := make(chan int, 1)
		go func() {
			code, err := Run(Options{Args: []string{"-test.run=none", lives}, Stderr: log, Notify: notify, Tick: tick, Stopping: 25 * tick})
			if err != nil {
				t.Error(err)
			}
			done <- code
		}()
		for until := time.Now().Add(20 * time.Second); !strings.Contains(log.String(), "waiting"); time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatal("it never waits")
			}
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := <-done; code != want || !slices.Contains(notify.all, "stopping") {
			t.Errorf("%s: exit code %d, systemd was told %v", lives, code, notify.all)
		}
	}
}

// A parent that is killed takes its child along.
func TestParentDies(t *testing.T) {
	if os.Getenv("RTV_TEST_PARENT") != "" {
		_, _ = Run(Options{Args: []string{"-test.run=none", "ready,demo:x,silent"}, Stderr: os.Stderr, Silent: time.Hour})
		return
	}
	file := filepath.Join(t.TempDir(), "log")
	log, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(os.Args[0], "-test.run=TestParentDies")
	cmd.Env = append(os.Environ(), "RTV_TEST_PARENT=1")
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	children := func() string {
		text, _ := exec.Command("pgrep", "-P", fmt.Sprint(cmd.Process.Pid)).Output()
		return strings.TrimSpace(string(text))
	}
	var child string
	for until := time.Now().Add(20 * time.Second); child == ""; time.Sleep(time.Millisecond) {
		if child = children(); time.Now().After(until) {
			t.Fatal("no child")
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		state, err := os.ReadFile("/proc/" + child + "/stat")
		if err != nil || bytes.Contains(state, []byte(") Z ")) {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("the child lives on: %s", state)
		}
	}
}

func TestNobodySupervises(t *testing.T) {
	var l *Link
	l.Ready()
	l.Alive(true)
	l.Running("belt", false)
	l.Stopping()
	l.Ends(0)
	if l.Restart("x") || l.Before().Demo != "" {
		t.Error("somebody does")
	}
}

func TestTail(t *testing.T) {
	var log tail
	for i := range 20000 {
		fmt.Fprintf(&log, "line %d of the log\n", i)
	}
	text := log.String()
	if len(text) > tailSize || !strings.HasPrefix(text, "line ") || !strings.HasSuffix(text, "line 19999 of the log\n") {
		t.Errorf("%d bytes: %.40q", len(text), text)
	}
	if got := excerpt(text + "SIGABRT: abort\nPC=0x1\nsignal arrived\n\ngoroutine 1\nmain()\n"); strings.Count(got, "\n") != excerptLines-1 || !strings.HasSuffix(got, "signal arrived") {
		t.Errorf("excerpt %q", got)
	}
}
