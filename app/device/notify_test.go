package device

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNotify(t *testing.T) {
	for name, socket := range map[string]string{
		"a path": filepath.Join(t.TempDir(), "notify"), "abstract": fmt.Sprintf("@reterminal-vision-test-%d", os.Getpid()),
	} {
		t.Run(name, func(t *testing.T) {
			server, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			t.Setenv("NOTIFY_SOCKET", socket)
			n := NewNotify()
			for _, tt := range []struct {
				say  func() error
				want string
			}{{n.Ready, "READY=1"}, {n.Watchdog, "WATCHDOG=1"}, {n.Stopping, "STOPPING=1"}} {
				if err := tt.say(); err != nil {
					t.Fatal(err)
				}
				buf := make([]byte, 100)
				got, err := server.Read(buf)
				if string(buf[:got]) != tt.want || err != nil {
					t.Errorf("%q, %v, want %s", buf[:got], err, tt.want)
				}
			}
		})
	}
}

func TestNotifyNobody(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := NewNotify().Ready(); err != nil {
		t.Error(err)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "absent"))
	if err := NewNotify().Ready(); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "NotifyAccess") {
		t.Error(err)
	}
}

func TestWatchdogInterval(t *testing.T) {
	own := fmt.Sprint(os.Getpid())
	for _, tt := range []struct {
		micros, pid string
		want        time.Duration
	}{
		{"30000000", own, 15 * time.Second}, {"30000000", "", 15 * time.Second}, {"1", own, 500 * time.Nanosecond},
		{"30000000", "1", 0}, {"", own, 0}, {"0", own, 0}, {"-5", own, 0}, {"soon", own, 0}, {"9223372036854775807", own, 0},
	} {
		t.Setenv("WATCHDOG_USEC", tt.micros)
		t.Setenv("WATCHDOG_PID", tt.pid)
		if got := NewNotify().WatchdogInterval(); got != tt.want {
			t.Errorf("USEC %q PID %q: %v, want %v", tt.micros, tt.pid, got, tt.want)
		}
	}
}
