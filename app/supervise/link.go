package supervise

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// supervised is in the environment of a program that is supervised, which has
// the ends of two pipes: to tell the parent how it does, and to read what was
// before it.
const (
	supervised = "RTV_SUPERVISED"
	tellFD     = 3
	beforeFD   = 4
)

// What a program tells its parent, a line each.
const (
	sayReady   = "ready"    // the window is shown
	sayAlive   = "alive"    // once a second; 1 when the screen is drawn, 0 when not
	sayDemo    = "demo"     // which demo runs from now on, "" for none
	sayAttract = "attract"  // one that runs for nobody in particular
	sayStop    = "stopping" // it is about to end
	sayEnds    = "ends"     // it ends at once, with this exit code
	sayRestart = "restart"  // it ends at once and wants to be started again; why
)

// Link is a supervised program's way to its parent. A nil Link is that of a
// program that nobody supervises: its methods do nothing. Any goroutine may
// use it.
type Link struct {
	before Before

	mu   sync.Mutex
	pipe *os.File
}

// Attach finds the parent, nil where there is none. It is called once.
func Attach() *Link {
	if os.Getenv(supervised) == "" {
		return nil
	}
	os.Unsetenv(supervised) // programs that this one starts are none of the parent's business
	unix.CloseOnExec(tellFD)
	unix.CloseOnExec(beforeFD)
	_ = unix.SetNonblock(tellFD, true) // so that a parent that is stuck holds nothing up for long
	l := &Link{pipe: os.NewFile(tellFD, "parent")}
	from := os.NewFile(beforeFD, "before")
	defer from.Close()
	if text, err := io.ReadAll(from); err == nil {
		_ = json.Unmarshal(text, &l.before) // as if nothing had been before
	}
	return l
}

// Before is what was before this program was started again.
func (l *Link) Before() Before {
	if l == nil {
		return Before{}
	}
	return l.before
}

// Ready says that the start is over.
func (l *Link) Ready() { l.say(sayReady, "") }

// Alive says that the program runs, and whether its screen is drawn. It is
// wanted once a second.
func (l *Link) Alive(drawn bool) {
	if drawn {
		l.say(sayAlive, "1")
	} else {
		l.say(sayAlive, "0")
	}
}

// Running says which demo runs from now on, "" for none; one that attracts is
// not gone on with after a crash.
func (l *Link) Running(demo string, attracts bool) {
	if attracts {
		l.say(sayAttract, demo)
	} else {
		l.say(sayDemo, demo)
	}
}

// Stopping says that the program is about to end.
func (l *Link) Stopping() { l.say(sayStop, "") }

// Ends says that the program ends at once and is not to be started again.
func (l *Link) Ends(code int) { l.say(sayEnds, fmt.Sprint(code)) }

// Restart says that the program ends at once, why, and that it is to be started
// again; false where nobody will do so.
func (l *Link) Restart(why string) bool {
	l.say(sayRestart, why)
	return l != nil
}

// sayWithin bounds how long a parent that does not read holds the program up.
const sayWithin = time.Second

func (l *Link) say(what, about string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.pipe.SetWriteDeadline(time.Now().Add(sayWithin))
	fmt.Fprintf(l.pipe, "%s %s\n", what, about) // a parent that has gone needs to know nothing
}
