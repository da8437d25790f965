package models

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// contents are what the model file of the tests holds.
var contents = func() []byte {
	b := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}()

const half = 1 << 19

func testModel(address string) *Model {
	sum := sha256.Sum256(contents)
	return &Model{ID: "test", File: "test.tflite", URL: address, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(contents))}
}

// host serves with h and remembers the Range header of each request.
type host struct {
	*httptest.Server
	mu     sync.Mutex
	ranges []string
}

func serve(t *testing.T, h http.HandlerFunc) *host {
	t.Helper()
	host := &host{}
	host.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host.mu.Lock()
		host.ranges = append(host.ranges, r.Header.Get("Range"))
		host.mu.Unlock()
		h(w, r)
	}))
	t.Cleanup(host.Close)
	return host
}

func (h *host) asked() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ranges)
}

func withRanges(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(contents))
}

func withoutRanges(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write(contents)
}

// flawed serves other bytes of the right size.
func flawed(w http.ResponseWriter, r *http.Request) {
	other := slices.Clone(contents)
	other[len(other)-1]++
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(other))
}

// cut ends the connection in the middle of what it announced.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", strconv.Itoa(len(contents)))
	_, _ = w.Write(contents[:half])
	panic(http.ErrAbortHandler)
}

func TestFetch(t *testing.T) {
	other := bytes.Repeat([]byte{7}, half)
	for _, tc := range []struct {
		name   string
		part   []byte // what an earlier download left
		serve  http.HandlerFunc
		ranges []string // of the requests made
		want   error    // nil: the file is there afterwards
		kept   int      // bytes of the .part file afterwards; -1: no file
	}{
		{"whole", nil, withRanges, []string{""}, nil, -1},
		{"resumed", contents[:half], withRanges, []string{"bytes=524288-"}, nil, -1},
		{"no ranges", contents[:half], withoutRanges, []string{"bytes=524288-"}, nil, -1},
		{"part of another file", other, withRanges, []string{"bytes=524288-", ""}, nil, -1},
		{"part too long", append(slices.Clone(contents), 1), withRanges, []string{""}, nil, -1},
		{"part complete", contents, withRanges, nil, nil, -1},
		{"range not satisfiable", contents[:half], func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return
			}
			withoutRanges(w, r)
		}, []string{"bytes=524288-", ""}, nil, -1},
		{"range of a longer file", contents[:half], func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(append(slices.Clone(contents), 1)))
		}, []string{"bytes=524288-", ""}, ErrBadFile, -1},
		{"range not asked for", nil, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusPartialContent)
		}, []string{""}, errStale, -1},
		{"wrong hash", nil, flawed, []string{""}, ErrBadFile, -1},
		{"wrong hash, resumed", contents[:half], flawed, []string{"bytes=524288-", ""}, ErrBadFile, -1},
		{"too short", nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("moved")) }, []string{""}, ErrBadFile, -1},
		{"cut", nil, cut, []string{""}, io.ErrUnexpectedEOF, half},
		{"short, length not told", nil, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(contents[:half])
			w.(http.Flusher).Flush()
		}, []string{""}, io.ErrUnexpectedEOF, half},
		{"not found", contents[:half], http.NotFound, []string{"bytes=524288-"}, fs.ErrNotExist, half},
		{"stalled", nil, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(contents)))
			_, _ = w.Write(contents[:half])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, []string{""}, os.ErrDeadlineExceeded, half},
		{"leaves TLS", nil, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/test.tflite", http.StatusFound)
		}, []string{""}, errInsecure, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := serve(t, tc.serve)
			s, m := &Store{Dir: t.TempDir(), stall: 300 * time.Millisecond}, testModel(h.URL+"/test.tflite")
			if tc.part != nil {
				write(t, s.partPath(m), tc.part)
			}
			// An old file stays until a good one takes its place.
			write(t, s.Path(m), []byte("old"))
			err := s.Fetch(t.Context(), m, nil)
			if !errors.Is(err, tc.want) {
				t.Fatalf("error %v, want %v", err, tc.want)
			}
			if got := h.asked(); !slices.Equal(got, tc.ranges) {
				t.Errorf("asked for %q, want %q", got, tc.ranges)
			}
			if tc.want == nil {
				checkGood(t, s, m)
			} else {
				checkExplains(t, err, m)
				if got := read(t, s.Path(m)); string(got) != "old" {
					t.Errorf("the old file has changed")
				}
			}
			if got := sizeOf(s.partPath(m)); got != tc.kept {
				t.Errorf("%d bytes in .part, want %d", got, tc.kept)
			}
		})
	}
}

// checkGood wants the model's file whole and readable by all.
func checkGood(t *testing.T, s *Store, m *Model) {
	t.Helper()
	path, err := s.Find(m)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, path), contents) {
		t.Error("the contents differ")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// checkExplains wants the model, the file and a remedy in an error.
func checkExplains(t *testing.T, err error, m *Model) {
	t.Helper()
	for _, part := range []string{m.ID, m.File, "; "} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

func TestFetchGoesOnAfterACut(t *testing.T) {
	first := true
	h := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if first {
			first = false
			cut(w, r)
		}
		withRanges(w, r)
	})
	s, m := &Store{Dir: filepath.Join(t.TempDir(), "new", "folder")}, testModel(h.URL)
	if err := s.Fetch(t.Context(), m, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if err := s.Fetch(t.Context(), m, nil); err != nil {
		t.Fatal(err)
	}
	checkGood(t, s, m)
	if got := h.asked(); !slices.Equal(got, []string{"", "bytes=524288-"}) {
		t.Errorf("asked for %q", got)
	}
}

func TestFetchCancelledThenResumed(t *testing.T) {
	h := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") == "" {
			w.Header().Set("Content-Length", strconv.Itoa(len(contents)))
			_, _ = w.Write(contents[:half])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		withRanges(w, r)
	})
	s, m := &Store{Dir: t.TempDir(), every: time.Nanosecond}, testModel(h.URL)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Fetch(ctx, m, func(done, total int64) {
		if total != m.Size {
			t.Errorf("total %d", total)
		}
		if done == half {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	checkExplains(t, err, m)
	if got := sizeOf(s.partPath(m)); got != half {
		t.Fatalf("%d bytes kept", got)
	}
	var first, last int64 = -1, 0
	if err := s.Fetch(t.Context(), m, func(done, _ int64) {
		if first < 0 {
			first = done
		}
		last = done
	}); err != nil {
		t.Fatal(err)
	}
	if first != half || last != m.Size {
		t.Errorf("progress from %d to %d", first, last)
	}
	checkGood(t, s, m)
}

func TestFetchLeavesAGoodFile(t *testing.T) {
	h := serve(t, flawed)
	s, m := &Store{Dir: t.TempDir()}, testModel(h.URL)
	write(t, s.Path(m), contents)
	var done int64
	if err := s.Fetch(t.Context(), m, func(n, _ int64) { done = n }); err != nil {
		t.Fatal(err)
	}
	if len(h.asked()) > 0 || done != m.Size {
		t.Errorf("asked %q, %d done", h.asked(), done)
	}
	checkGood(t, s, m)
}

func TestFetchWantsTLS(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	for _, address := range []string{"http://192.0.2.1/x", "ftp://127.0.0.1/x", "/x", "http://%"} {
		if err := s.Fetch(t.Context(), testModel(address), nil); err == nil {
			t.Errorf("%s: was fetched", address)
		}
	}
}

func TestFetchWhereNothingCanBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	for _, dir := range []string{"", filepath.Join(file, "models")} {
		s, m := &Store{Dir: dir}, testModel("https://192.0.2.1/x")
		err := s.Fetch(t.Context(), m, nil)
		if err == nil {
			t.Fatalf("%q: was fetched", dir)
		}
		checkExplains(t, err, m)
		if !strings.Contains(err.Error(), "RTV_MODELS") {
			t.Errorf("error %q has no remedy", err)
		}
	}
}

func TestFetchOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("wants a small disk, but mounting a tmpfs failed: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	filler := filepath.Join(dir, "filler")
	fillAfter := func(w http.ResponseWriter, r *http.Request) {
		write(t, filler, contents[:len(contents)*3/4])
		withRanges(w, r)
	}
	for _, tc := range []struct {
		name   string
		before int // bytes taken before the download begins
		asked  int // requests made
	}{
		{"known before", len(contents) / 2, 0},
		{"filled by others", 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := serve(t, fillAfter)
			s, m := &Store{Dir: dir}, testModel(h.URL)
			write(t, filler, contents[:tc.before])
			err := s.Fetch(t.Context(), m, nil)
			if !errors.Is(err, unix.ENOSPC) {
				t.Fatal(err)
			}
			checkExplains(t, err, m)
			if !strings.Contains(err.Error(), "free some space") || strings.Contains(err.Error(), "are missing") != (tc.asked == 0) || len(h.asked()) != tc.asked {
				t.Errorf("%d requests, %v", len(h.asked()), err)
			}
			if err := s.Delete(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if sizeOf(s.partPath(m)) != -1 {
				t.Error("the .part file is left")
			}
		})
	}
}

func TestPaced(t *testing.T) {
	for _, tc := range []struct {
		name  string
		every time.Duration
		done  []int64
		want  []int64
	}{
		{"never again so soon", time.Hour, []int64{0, 1, 2, 3, 4}, []int64{0, 4}},
		{"always", 0, []int64{0, 1, 2, 3, 4}, []int64{0, 1, 2, 3, 4}},
		{"resumed", time.Hour, []int64{3, 4}, []int64{3, 4}},
	} {
		var got []int64
		report := paced(func(done, _ int64) { got = append(got, done) }, tc.every)
		for _, n := range tc.done {
			report(n, 4)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestFetchFromMirror(t *testing.T) {
	folder := t.TempDir()
	byFile, byAddress := filepath.Join(folder, "file"), filepath.Join(folder, "address")
	short := filepath.Join(folder, "short")
	write(t, filepath.Join(byFile, "test.tflite"), contents)
	write(t, filepath.Join(byAddress, "detect.tflite"), contents)
	write(t, filepath.Join(short, "test.tflite"), contents[:half])
	h := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/leaves") {
			http.Redirect(w, r, "http://192.0.2.1/test.tflite", http.StatusFound)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/short") {
			flawed(w, r)
			return
		}
		http.StripPrefix("/m", http.FileServer(http.Dir(byAddress))).ServeHTTP(w, r)
	})
	for _, tc := range []struct {
		mirror string
		part   int
		want   error
	}{
		{byFile, 0, nil},
		{byAddress, 0, nil},
		{byFile, half, nil},
		{short, 0, ErrBadFile},
		{filepath.Join(folder, "none"), 0, fs.ErrNotExist},
		{h.URL + "/m", 0, nil},
		{h.URL + "/m/", half, nil},
		{h.URL + "/short", 0, ErrBadFile},
		{h.URL + "/none", 0, fs.ErrNotExist},
		{h.URL + "/leaves", 0, errInsecure},
		{"http://192.0.2.1/m", 0, errInsecure},
	} {
		t.Run(tc.mirror, func(t *testing.T) {
			s, m := &Store{Dir: t.TempDir(), Mirror: tc.mirror}, testModel("https://192.0.2.1/a/detect.tflite")
			write(t, s.partPath(m), contents[:tc.part])
			if err := s.Fetch(t.Context(), m, nil); !errors.Is(err, tc.want) {
				t.Fatalf("error %v, want %v", err, tc.want)
			} else if err != nil {
				checkExplains(t, err, m)
				return
			}
			checkGood(t, s, m)
		})
	}
}

// sharedModels is the folder of test models beside the repository.
func sharedModels(t *testing.T) string {
	t.Helper()
	shared := os.Getenv("RTV_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	folder := filepath.Join(shared, "models")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("wants the shared test models: %v", err)
	}
	return folder
}

func TestFetchFromSharedModels(t *testing.T) {
	s := &Store{Dir: t.TempDir(), Mirror: sharedModels(t)}
	m := Default().Model("ssd_mobilenet_v1_coco_quant")
	if err := s.Fetch(t.Context(), m, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(m); err != nil {
		t.Fatal(err)
	}
}

// TestFetchSideBySide has goroutines and processes fetch one model into one
// folder: the file must come out whole, from one download.
func TestFetchSideBySide(t *testing.T) {
	h := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(contents[:half])
		time.Sleep(200 * time.Millisecond)
		_, _ = w.Write(contents[half:])
	})
	s, m := &Store{Dir: t.TempDir()}, testModel(h.URL)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if err := s.Fetch(t.Context(), m, nil); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), childDir+"="+s.Dir, childURL+"="+h.URL)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	checkGood(t, s, m)
	if got := h.asked(); len(got) != 1 {
		t.Errorf("%d downloads, want 1", len(got))
	}
}

func TestFetchGivesUpWaiting(t *testing.T) {
	s, m := &Store{Dir: t.TempDir()}, testModel("https://192.0.2.1/x")
	unlock, err := s.lock(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Fetch(ctx, m, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sizeOf is -1 where there is no file.
func sizeOf(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return -1
	}
	return int(info.Size())
}

// TestRedirectToThisMachine has nobody on the web lead to what runs here; a mirror
// on this machine may lead elsewhere on itself.
func TestRedirectToThisMachine(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "test.tflite"), contents)
	var asked atomic.Int32
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/moved/") {
			http.Redirect(w, r, "/test.tflite", http.StatusFound)
			return
		}
		asked.Add(1)
		http.ServeFile(w, r, filepath.Join(dir, "test.tflite"))
	}))
	defer here.Close()
	leads := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, here.URL+"/test.tflite", http.StatusFound)
	})
	web, other := httptest.NewTLSServer(leads), httptest.NewServer(leads)
	defer web.Close()
	defer other.Close()
	for _, tt := range []struct {
		name, url, mirror string
		want              error
	}{
		{"from the web", web.URL + "/test.tflite", "", errInsecure},
		{"from a mirror on the web", "", web.URL, errInsecure},
		{"from another server here", "", other.URL, errInsecure},
		{"on a mirror here", "", here.URL + "/moved", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked.Store(0)
			s, m := &Store{Dir: t.TempDir(), Mirror: tt.mirror, Client: web.Client()}, testModel(tt.url)
			if err := s.Fetch(t.Context(), m, nil); !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if tt.want != nil && asked.Load() > 0 {
				t.Error("it was asked")
			}
		})
	}
}
