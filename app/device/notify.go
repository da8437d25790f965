package device

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// Notify tells systemd how the service does. Where systemd did not start the
// program, or does not want to know, its methods do nothing.
type Notify struct {
	socket string // path; "@" in front stands for an abstract one
}

// NewNotify reads from the environment whom to tell.
func NewNotify() Notify { return Notify{socket: os.Getenv("NOTIFY_SOCKET")} }

// Ready says that the start is over.
func (n Notify) Ready() error { return n.send("READY=1") }

// Stopping says that the program is about to end.
func (n Notify) Stopping() error { return n.send("STOPPING=1") }

// Watchdog says that the program is alive; see WatchdogInterval.
func (n Notify) Watchdog() error { return n.send("WATCHDOG=1") }

// WatchdogInterval is how often Watchdog is to be called: half of the time
// after which systemd takes the program for hung. 0 where it does not watch.
func (n Notify) WatchdogInterval() time.Duration {
	micros, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || micros <= 0 || micros > int64(time.Duration(1<<63-1)/time.Microsecond) {
		return 0
	}
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0 // meant for the program that started this one
	}
	return time.Duration(micros) * time.Microsecond / 2
}

// sendLimit bounds how long a supervisor that does not read holds the app up.
const sendLimit = time.Second

func (n Notify) send(state string) error {
	if n.socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err == nil {
		_ = conn.SetWriteDeadline(time.Now().Add(sendLimit))
		_, err = conn.Write([]byte(state))
		err = errors.Join(err, conn.Close())
	}
	if err != nil {
		return fmt.Errorf("telling systemd %s: %w: check NotifyAccess of the service", state, err)
	}
	return nil
}
