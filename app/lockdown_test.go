package app

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var (
	// opened is a file that strace saw opened.
	opened = regexp.MustCompile(`(?:openat|open|creat)\((?:[A-Z_0-9]+, )?"([^"]+)"(?:, )?([A-Z_|0-9]*)`)
	// network is a socket that could reach beyond this machine.
	network = regexp.MustCompile(`(?:socket|socketpair)\((?:AF|PF)_(?:INET6?|PACKET|NETLINK|BLUETOOTH|VSOCK)[^)]*\)`)
)

// pictures are how files of pictures begin.
var pictures = [][]byte{{0xFF, 0xD8, 0xFF}, []byte("\x89PNG"), []byte("BM"), []byte("RIFF"), []byte("GIF8")}

// While a demo runs on faces, nothing of them is written anywhere, and nothing
// goes to a network: strace sees every file that is opened and every socket.
func TestNothingLeaves(t *testing.T) {
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("strace", "-qq", "-o", "/dev/null", "true").CombinedOutput(); err != nil {
		t.Skipf("no process can be watched here: %v: %s", err, out)
	}
	models, err := filepath.Abs(filepath.Join("..", "models", "trained"))
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string][]string{"headless": {"--headless", "--loop"}, "window": nil} {
		t.Run(name, func(t *testing.T) {
			home, trace := seasoned(t), filepath.Join(t.TempDir(), "trace")
			args := append([]string{"-f", "-qq", "-s", "300", "-e", "trace=open,openat,creat,socket,socketpair,bind,listen", "-o", trace,
				program, "--demo", "recognition", "--source", "builtin:faces", "--models-dir", models}, mode...)
			cmd := exec.Command("strace", args...)
			cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+home, "HOME="+home, "TMPDIR="+home, "MESA_SHADER_CACHE_DIR="+home+"/.cache", "LANGUAGE=en")
			if mode == nil {
				cmd.Env = append(cmd.Env, display(t))
			}
			var out, log watched
			cmd.Stdout, cmd.Stderr = &out, &log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { cmd.Process.Kill() })
			log.await(t, "source open", 1)
			if mode != nil {
				out.await(t, "\n", 20)
			}
			time.Sleep(3 * time.Second)
			// strace keeps signals to itself: the program gets one.
			for _, pid := range childrenOf(t, cmd.Process.Pid) {
				unix.Kill(pid, unix.SIGTERM)
			}
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v\n%s", err, &log)
			}
			raw, err := os.ReadFile(trace)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(raw)) {
				if network.MatchString(line) {
					t.Errorf("a socket: %s", line)
				}
				if m := opened.FindStringSubmatch(line); m != nil && !strings.Contains(line, " = -1 ") && writes(line) && !mayBeWritten(m[1], home) {
					t.Errorf("a file: %s", line)
				}
			}
			looked := 0
			err = filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				looked++
				text, err := os.ReadFile(path)
				for _, begin := range pictures {
					if bytes.HasPrefix(text, begin) {
						t.Errorf("%s is a picture", path)
					}
				}
				return err
			})
			if err != nil || looked == 0 {
				t.Errorf("%d files, %v", looked, err)
			}
		})
	}
}

// childrenOf are the processes that a process has started.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(text)) {
		child, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		children = append(children, child)
	}
	return children
}

func writes(line string) bool {
	return strings.Contains(line, "O_WRONLY") || strings.Contains(line, "O_RDWR") || strings.Contains(line, "O_CREAT") || strings.Contains(line, "creat(")
}

// mayBeWritten tells what a demo does write: settings and speeds, and beside
// them the state of drivers.
func mayBeWritten(path, home string) bool {
	for _, of := range []string{"/dev/", "/proc/", "/sys/"} {
		if strings.HasPrefix(path, of) && !strings.HasPrefix(path, "/dev/shm/") {
			return true
		}
	}
	rest, inside := strings.CutPrefix(path, home+"/")
	if !inside {
		return false
	}
	name := strings.TrimPrefix(filepath.Base(rest), ".")
	return strings.HasPrefix(rest, ".cache/mesa_shader_cache") || strings.HasPrefix(rest, ".cache/font_index") ||
		strings.HasPrefix(name, "settings.json") || strings.HasPrefix(name, "speeds.json") || strings.HasPrefix(name, "last-crash")
}

// listening are the network sockets that a process listens at, by the inode
// numbers in its open files.
func listening(t *testing.T, pid string) (found []string) {
	t.Helper()
	inodes := map[string]bool{}
	links, err := filepath.Glob("/proc/" + pid + "/fd/*")
	if err != nil || len(links) == 0 {
		t.Fatalf("no open files of %s: %v", pid, err)
	}
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil {
			if inode, ok := strings.CutPrefix(to, "socket:["); ok {
				inodes[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6", "raw", "raw6"} {
		text, err := os.ReadFile("/proc/" + pid + "/net/" + table)
		if err != nil {
			continue // not in this kernel
		}
		for line := range strings.Lines(string(text)) {
			if field := strings.Fields(line); len(field) > 9 && inodes[field[9]] {
				found = append(found, table+" "+field[1])
			}
		}
	}
	return found
}

// The app listens nowhere; asked for, its numbers are for this machine alone,
// and no picture is among them. A crash leaves no memory on the disk.
func TestNoListeningSocket(t *testing.T) {
	models := filepath.Join("..", "models", "trained")
	quiet := start(t, nil, "--headless", "--loop", "--demo", "recognition", "--source", "builtin:faces", "--models-dir", models)
	quiet.out.await(t, "\n", 2)
	if found := listening(t, "self"); len(found) > 0 {
		t.Fatalf("the test itself: %v", found)
	}
	if found := listening(t, strconv.Itoa(quiet.Process.Pid)); len(found) > 0 {
		t.Errorf("listens at %v", found)
	}
	var core unix.Rlimit
	if err := unix.Prlimit(quiet.Process.Pid, unix.RLIMIT_CORE, nil, &core); err != nil || core.Cur != 0 || core.Max != 0 {
		t.Errorf("core dumps of %+v, %v", core, err)
	}
	quiet.end(t, unix.SIGTERM)

	metered := start(t, nil, "--headless", "--loop", "--demo", "recognition", "--source", "builtin:faces", "--models-dir", models, "--metrics", "127.0.0.1:0")
	metered.out.await(t, "\n", 2)
	found := listening(t, strconv.Itoa(metered.Process.Pid))
	if len(found) != 1 || !strings.HasPrefix(found[0], "tcp 0100007F:") {
		t.Fatalf("with --metrics: listens at %v", found)
	}
	_, address, _ := strings.Cut(metered.log.String(), "at=")
	address, _, _ = strings.Cut(address, "\n")
	for path, want := range map[string]int{"": http.StatusOK, "/../frame.jpg": http.StatusNotFound, "x": http.StatusNotFound} {
		client := http.Client{Timeout: 5 * time.Second}
		reply, err := client.Get(strings.TrimSpace(address) + path)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		body.ReadFrom(reply.Body)
		reply.Body.Close()
		if reply.StatusCode != want {
			t.Errorf("%q: %s", path, reply.Status)
		}
		if strings.ContainsFunc(body.String(), func(r rune) bool { return r > 126 || r < 9 }) || body.Len() > 32<<10 {
			t.Errorf("%q: not plain text:\n%.200q", path, &body)
		}
	}
	metered.end(t, unix.SIGTERM)
}
