// Package supervise keeps the touchscreen app running. The program starts
// itself once more, as a child that does the work, and the parent does nothing
// but watch: a child that crashes, whatever it was that took it down, that no
// longer answers or that asks for it, is started again in the same demo. Too
// many crashes in a few minutes lead to a safe screen, on which nothing runs.
//
// In: the command line, what the child says, signals. Out: the exit code; for
// the child, what was before it. To systemd, which sees the parent alone, the
// parent says that the child is ready or ends, and that it does its own work.
// It imports nothing of this project;
// only app may import it.
package supervise

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Notifier tells a service manager how the service does.
type Notifier interface {
	Ready() error
	Stopping() error
	Watchdog() error
	// WatchdogInterval is how often Watchdog is wanted; 0 for never.
	WatchdogInterval() time.Duration
}

// Options say how the child is supervised; zero durations take the value in
// brackets.
type Options struct {
	Args   []string // of the child, without the program's name
	Stdout *os.File
	Stderr io.Writer // takes what the child says, as it is
	Notify Notifier
	// Drawn has a child whose screen is no longer drawn started again.
	Drawn bool

	Crashes  int           // that lead to the safe screen [5]
	Within   time.Duration // in which they count [10 min]
	Start    time.Duration // that a child may take to be ready [60 s]
	Silent   time.Duration // after which a child that says nothing is given up [10 s]
	Undrawn  time.Duration // after which one that draws nothing is [30 s]
	Stopping time.Duration // that a child may take to end [15 s]
	Tick     time.Duration // of the parent's clock, in which the three before are counted [1 s]
	Pause    time.Duration // before the safe screen is started again, doubled each time up to 10 s [1 s]
}

func (o *Options) defaults() {
	set := func(d *time.Duration, usual time.Duration) {
		if *d == 0 {
			*d = usual
		}
	}
	if o.Crashes == 0 {
		o.Crashes = 5
	}
	set(&o.Within, 10*time.Minute)
	set(&o.Start, time.Minute)
	set(&o.Silent, 10*time.Second)
	set(&o.Undrawn, 30*time.Second)
	set(&o.Stopping, 15*time.Second)
	set(&o.Tick, time.Second)
	set(&o.Pause, time.Second)
}

// pauseMost is shorter than any usual watchdog waits.
const pauseMost = 10 * time.Second

// abortFirst is how many ticks a child that is given up has to say where it is
// stuck.
const abortFirst = 2

// Run supervises until the child ends as it announced, or a signal has ended
// it, and returns the exit code. It is called from the main goroutine.
func Run(opt Options) (int, error) {
	opt.defaults()
	// The kernel tells a child of its parent's end when the thread ends that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	// A log whose reader has gone is no reason to end.
	unread := make(chan os.Signal, 1)
	signal.Notify(unread, syscall.SIGPIPE)
	defer signal.Stop(unread)
	var before Before
	pause := opt.Pause
	for {
		c, err := startAgain(opt, before, signals)
		if c == nil {
			return 1, err
		}
		code, crash := c.watch(signals)
		if crash == nil {
			return code, nil
		}
		opt.ping() // the pause has the watchdog's whole time
		if before.Safe {
			// Not even the safe screen stays: whatever is missing may come back.
			if !wait(pause, signals) {
				return 1, nil
			}
			pause = min(2*pause, pauseMost)
		}
		before = next(before, *crash, c, opt)
		slog.Error("the app is started again", "after", crash.How, "demo", crash.Demo, "crashes", len(before.Crashes), "safe", before.Safe)
	}
}

// startAgain starts the child as soon as the machine has what it needs for it;
// nil when a signal ended the waiting, or with why it never will. systemd is not
// pinged meanwhile: its restart of the unit may help where waiting does not.
func startAgain(opt Options, before Before, signals <-chan os.Signal) (*child, error) {
	for pause := opt.Pause; ; pause = min(2*pause, pauseMost) {
		c, err := start(opt, before)
		if err == nil {
			return c, nil
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		slog.Error("the app cannot be started now", "error", err, "again in", pause)
		if !wait(pause, signals) {
			return nil, nil
		}
	}
}

// ping tells systemd, where it wants to know, that the parent does its work.
func (o *Options) ping() {
	if o.Notify != nil && o.Notify.WatchdogInterval() > 0 {
		o.notify(Notifier.Watchdog)
	}
}

func (o *Options) notify(what func(Notifier) error) {
	if o.Notify == nil {
		return
	}
	if err := what(o.Notify); err != nil {
		slog.Warn("systemd cannot be told", "error", err)
	}
}

// next is what the child after a crash has to know.
func next(before Before, crash Crash, c *child, opt Options) Before {
	after := Before{Demo: c.resume}
	for _, old := range before.Crashes {
		if crash.At.Sub(old.At) < opt.Within {
			old.Log = "" // one log is enough
			after.Crashes = append(after.Crashes, old)
		}
	}
	after.Crashes = append(after.Crashes, crash)
	after.Crashes = after.Crashes[max(0, len(after.Crashes)-2*opt.Crashes):]
	after.Safe = len(after.Crashes) >= opt.Crashes
	return after
}

// wait waits, and reports whether no signal has ended it.
func wait(d time.Duration, signals <-chan os.Signal) bool {
	select {
	case <-time.After(d):
		return true
	case <-signals:
		return false
	}
}

// child is the program at work.
type child struct {
	opt     Options
	cmd     *exec.Cmd
	started time.Time
	said    chan string   // lines, closed at their end
	log     tail          // to be read when logged is closed
	logged  chan struct{} // closed when stderr is at its end
	ended   chan error

	ready    bool
	demo     string // that runs
	resume   string // to go on with after a crash
	code     int    // announced
	ends     bool
	restart  string // why the child asked for it
	stopping int    // ticks since it was asked to end, or said so; 0 for not
	signal   syscall.Signal
	silent   int    // ticks
	undrawn  int    // ticks
	gaveUp   string // why it is being ended
	dying    int    // ticks since then
	pinged   time.Time
}

// start starts the program once more.
func start(opt Options, before Before) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("starting the app: %w", err)
	}
	c := &child{opt: opt, started: time.Now(), said: make(chan string, 16), logged: make(chan struct{}), ended: make(chan error, 1)}
	tellOut, tellIn, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting the app: %w", err)
	}
	defer tellIn.Close()
	beforeOut, beforeIn, err := os.Pipe()
	if err != nil {
		tellOut.Close()
		return nil, fmt.Errorf("starting the app: %w", err)
	}
	defer beforeOut.Close()
	logOut, logIn, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the app: %w", err), tellOut.Close(), beforeIn.Close())
	}
	defer logIn.Close()
	c.cmd = exec.Command(self, opt.Args...)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = os.Stdin, opt.Stdout, logIn
	c.cmd.ExtraFiles = []*os.File{tellIn, beforeOut} // tellFD, beforeFD
	c.cmd.Env = environment()
	// A group of its own: a terminal's signals reach it through the parent alone,
	// and what it leaves behind can be swept away.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the app: %w", err), tellOut.Close(), beforeIn.Close(), logOut.Close())
	}
	go tell(beforeIn, before)
	go func() {
		defer close(c.said)
		defer tellOut.Close()
		for lines := bufio.NewScanner(tellOut); lines.Scan(); {
			c.said <- lines.Text()
		}
	}()
	go func() {
		defer close(c.logged)
		defer logOut.Close()
		_, _ = io.Copy(io.MultiWriter(&c.log, lenient{opt.Stderr}), logOut) // ends with the child
	}()
	go func() { c.ended <- c.cmd.Wait() }()
	return c, nil
}

// lenient takes everything, whether it can be passed on or not: a child whose
// log nobody takes any more would be ended by the signal for that.
type lenient struct{ to io.Writer }

func (l lenient) Write(p []byte) (int, error) {
	_, _ = l.to.Write(p) // a full disk may have room for the next
	return len(p), nil
}

// tell writes what was before, which may be more than a pipe holds.
func tell(to *os.File, before Before) {
	defer to.Close()
	_ = json.NewEncoder(to).Encode(before) // a child that does not read it has ended
}

// environment is the child's: systemd is the parent's to talk to.
func environment() []string {
	env := []string{supervised + "=1"}
	for _, v := range os.Environ() {
		switch name, _, _ := strings.Cut(v, "="); name {
		case supervised, "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID":
		default:
			env = append(env, v)
		}
	}
	return env
}

// watch returns when the child has ended: with the exit code when it is not to
// be started again, else with the crash.
func (c *child) watch(signals <-chan os.Signal) (int, *Crash) {
	ticks := time.NewTicker(c.opt.Tick)
	defer ticks.Stop()
	said := c.said
	for {
		select {
		case line, ok := <-said:
			if !ok {
				said = nil // the child is gone, or about to be
				continue
			}
			c.hear(line)
		case s := <-signals:
			c.pass(s.(syscall.Signal))
		case <-ticks.C:
			c.tick()
		case <-c.ended:
			return c.over()
		}
	}
}

// hear takes one line of the child.
func (c *child) hear(line string) {
	what, about, _ := strings.Cut(line, " ")
	c.silent = 0
	switch what {
	case sayReady:
		c.ready, c.undrawn = true, 0
		c.opt.notify(Notifier.Ready)
	case sayAlive:
		if about == "1" {
			c.undrawn = 0
		}
	case sayDemo:
		c.demo, c.resume = about, about
	case sayAttract:
		c.demo, c.resume = about, ""
	case sayStop:
		c.stop()
	case sayEnds:
		c.code, _ = strconv.Atoi(about) // it says numbers only
		c.ends = true
	case sayRestart:
		c.restart = about
	}
}

// stop notes that the child is to end, from which on it may take its time.
func (c *child) stop() {
	if c.stopping == 0 {
		c.stopping = 1
		c.opt.notify(Notifier.Stopping)
	}
}

// pass hands a signal on.
func (c *child) pass(s syscall.Signal) {
	if s != syscall.SIGQUIT {
		c.stop()
		c.signal = s
	}
	_ = c.cmd.Process.Signal(s) // it may have just ended
}

// tick counts how long the child has been silent. Ticks are counted, not time:
// while the whole machine stands still nothing is missed.
func (c *child) tick() {
	ticks := func(d time.Duration) int { return int(d / c.opt.Tick) }
	c.silent++
	c.undrawn++
	switch {
	case c.dying > 0:
		if c.dying++; c.dying > abortFirst {
			_ = c.cmd.Process.Kill()
		}
	case c.stopping > 0:
		if c.stopping++; c.stopping > ticks(c.opt.Stopping) {
			c.giveUp(fmt.Sprintf("it did not end within %v", c.opt.Stopping))
		}
	case !c.ready:
		if c.silent > ticks(c.opt.Start) {
			c.giveUp(fmt.Sprintf("it was not ready within %v", c.opt.Start))
		}
	case c.silent > ticks(c.opt.Silent):
		c.giveUp(fmt.Sprintf("it did not answer for %v", c.opt.Silent))
	case c.opt.Drawn && c.undrawn > ticks(c.opt.Undrawn):
		c.giveUp(fmt.Sprintf("its screen was not drawn for %v", c.opt.Undrawn))
	}
	// What a child does wrong is handled here, before systemd would; it is wanted
	// for a parent that stands still, or a child that not even the kernel can end.
	if c.opt.Notify == nil || c.dying > ticks(c.opt.Stopping) {
		return
	}
	if time.Since(c.pinged) >= c.opt.Notify.WatchdogInterval() {
		c.pinged = time.Now()
		c.opt.ping()
	}
}

// giveUp ends a child that hangs: first so that it says where.
func (c *child) giveUp(why string) {
	c.gaveUp, c.dying = why, 1
	slog.Error("the app is ended", "since", why)
	_ = c.cmd.Process.Signal(syscall.SIGABRT)
}

// loggedWithin bounds the wait for the end of a child's log, which programs
// that it started may hold open.
const loggedWithin = time.Second

// over judges the end of the child.
func (c *child) over() (int, *Crash) {
	// What it started, as programs that read cameras, must not hold those.
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	select {
	case <-c.logged:
	case <-time.After(loggedWithin):
	}
	for line := range c.said { // what it said last
		c.hear(line)
	}
	state := c.cmd.ProcessState
	switch {
	case c.ends:
		return c.code, nil
	case c.signal != 0:
		return 128 + int(c.signal), nil
	case c.stopping > 0 && c.restart == "":
		return 1, nil
	}
	crash := &Crash{At: time.Now(), After: time.Since(c.started), Demo: c.demo}
	select {
	case <-c.logged:
		log := c.log.String()
		crash.How, crash.Log = how(state, log), excerpt(log)
	default:
		crash.How = how(state, "")
	}
	switch {
	case c.gaveUp != "":
		crash.How = c.gaveUp
	case c.restart != "":
		crash.How = c.restart
	}
	return 0, crash
}
