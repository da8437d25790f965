package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// stallLimit ends a download of which nothing has come for so long.
const stallLimit = 60 * time.Second

// progressEvery is the least time between two reports of a download.
const progressEvery = 100 * time.Millisecond

// errStale marks a .part file that no longer fits what the source has.
var errStale = errors.New("the rest does not fit what was downloaded before")

// Fetch makes the model's file present in Dir, calling progress (which may be
// nil) with the bytes there so far: at the start and at the end, and between
// them at most ten times a second. The file appears under its name only once
// its size and SHA-256 are right and it is on the disk. A download that ends
// early, by ctx or by the network, leaves a .part file from which the next
// Fetch goes on; bad contents are removed. A good file is never touched.
func (s *Store) Fetch(ctx context.Context, m *Model, progress func(done, total int64)) error {
	if progress == nil {
		progress = func(_, _ int64) {}
	}
	progress = paced(progress, cmp.Or(s.every, progressEvery))
	if m.Custom() {
		return failure(m, errors.New("it was imported and is nowhere on the web"), remedyFetch(m))
	}
	if s.Dir == "" {
		return failure(m, errors.New("there is no folder to keep it in"), "set RTV_MODELS to one")
	}
	remedyDir := "make " + s.Dir + " writable, or name another folder in RTV_MODELS"
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return failure(m, err, remedyDir)
	}
	unlock, err := s.lock(ctx, m)
	if err != nil && ctx.Err() != nil {
		return s.fetchFailure(m, err)
	}
	if err != nil {
		return failure(m, err, remedyDir)
	}
	defer unlock()
	if fileStatus(s.Path(m), m) == Present {
		progress(m.Size, m.Size)
		return nil
	}
	part, err := os.OpenFile(s.partPath(m), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return failure(m, err, remedyDir)
	}
	defer part.Close()
	if err := s.complete(ctx, m, part, progress); err != nil {
		return s.fetchFailure(m, err)
	}
	if err := s.commit(m, part); err != nil {
		return failure(m, err, remedyDir)
	}
	return nil
}

// paced passes on the first report, the one that says all is there, and others
// when enough time has passed since the last.
func paced(progress func(done, total int64), every time.Duration) func(done, total int64) {
	var last time.Time
	return func(done, total int64) {
		if now := time.Now(); done == total || now.Sub(last) >= every {
			last = now
			progress(done, total)
		}
	}
}

func (s *Store) partPath(m *Model) string { return s.Path(m) + ".part" }

// complete brings the part file to the model's full contents, starting over
// once when what was there from before turns out to be bad, and removes it
// when what came in one piece is bad too.
func (s *Store) complete(ctx context.Context, m *Model, part *os.File, progress func(done, total int64)) error {
	have, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	err = s.fill(ctx, m, part, have, progress)
	if isBad(err) && have > 0 {
		if err = part.Truncate(0); err == nil {
			err = s.fill(ctx, m, part, 0, progress)
		}
	}
	if isBad(err) {
		_ = os.Remove(s.partPath(m))
	}
	return err
}

func isBad(err error) bool { return errors.Is(err, ErrBadFile) || errors.Is(err, errStale) }

// fill downloads what is missing after the have bytes that are there, and
// checks the whole.
func (s *Store) fill(ctx context.Context, m *Model, part *os.File, have int64, progress func(done, total int64)) error {
	if have < m.Size {
		if err := checkSpace(s.Dir, m.Size-have); err != nil {
			return err
		}
		if err := s.download(ctx, m, part, have, progress); err != nil {
			return err
		}
	}
	return checkContents(m, part)
}

func checkSpace(dir string, need int64) error {
	free, err := freeSpace(dir)
	if err != nil {
		return err
	}
	if free < need {
		return fmt.Errorf("%s has %s free and %s are needed, %s are missing: %w", dir, mib(free), mib(need), mib(need-free), unix.ENOSPC)
	}
	return nil
}

// freeSpace is what this user may still write to the disk of dir, in bytes.
func freeSpace(dir string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}

func checkContents(m *Model, part *os.File) error {
	size, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if size != m.Size {
		return fmt.Errorf("%w: has %d bytes, wants %d", ErrBadFile, size, m.Size)
	}
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum, err := hashOf(part)
	if err != nil {
		return err
	}
	if sum != m.SHA256 {
		return fmt.Errorf("%w: has SHA-256 %s, wants %s", ErrBadFile, sum, m.SHA256)
	}
	return nil
}

// commit gives the checked part file its name, so that a power cut leaves
// either the old file or the whole new one.
func (s *Store) commit(m *Model, part *os.File) error {
	if err := part.Chmod(0o644); err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return err
	}
	if err := os.Rename(s.partPath(m), s.Path(m)); err != nil {
		return err
	}
	dir, err := os.Open(s.Dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// download appends to part what is missing after have bytes, or all of it
// when the source can only start over.
func (s *Store) download(ctx context.Context, m *Model, part *os.File, have int64, progress func(done, total int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := cmp.Or(s.stall, stallLimit)
	stall := time.AfterFunc(limit, func() {
		cancel(fmt.Errorf("nothing came for %v: %w", limit, os.ErrDeadlineExceeded))
	})
	defer stall.Stop()

	body, at, err := s.open(ctx, m, have)
	if err != nil {
		return causeOf(ctx, err)
	}
	defer body.Close()
	if at != have {
		if err := part.Truncate(at); err != nil {
			return err
		}
	}
	if _, err := part.Seek(at, io.SeekStart); err != nil {
		return err
	}
	progress(at, m.Size)
	buf := make([]byte, 128<<10)
	for at < m.Size {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, readErr := body.Read(buf[:min(int64(len(buf)), m.Size-at)])
		if _, err := part.Write(buf[:n]); err != nil {
			return err
		}
		at += int64(n)
		if n > 0 {
			stall.Reset(limit)
			progress(at, m.Size)
		}
		switch {
		case at == m.Size:
		case errors.Is(readErr, io.EOF):
			return fmt.Errorf("ended after %d of %d bytes: %w", at, m.Size, io.ErrUnexpectedEOF)
		case readErr != nil:
			return causeOf(ctx, readErr)
		}
	}
	return nil
}

// causeOf prefers the reason why ctx ended to the error that followed from it.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// open opens the model's source at byte have, or at 0 when it can't; at tells
// which.
func (s *Store) open(ctx context.Context, m *Model, have int64) (body io.ReadCloser, at int64, err error) {
	switch {
	case s.Mirror != "":
	case m.URL == "":
		return nil, 0, fmt.Errorf("it has no address on the web: %w", fs.ErrNotExist)
	default:
		return s.get(ctx, m, m.URL, have)
	}
	names := []string{m.File}
	if u, err := url.Parse(m.URL); err == nil && m.URL != "" && path.Base(u.Path) != m.File {
		names = append(names, path.Base(u.Path))
	}
	for _, name := range names {
		if strings.Contains(s.Mirror, "://") {
			body, at, err = s.get(ctx, m, strings.TrimSuffix(s.Mirror, "/")+"/"+url.PathEscape(name), have)
		} else {
			body, at, err = openFile(m, filepath.Join(s.Mirror, name), have)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return body, at, err
		}
	}
	return nil, 0, fmt.Errorf("mirror %s has no %s: %w", s.Mirror, strings.Join(names, " and no "), fs.ErrNotExist)
}

func openFile(m *Model, name string, have int64) (io.ReadCloser, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != m.Size {
		err = fmt.Errorf("%s: %w: has %d bytes, wants %d", name, ErrBadFile, info.Size(), m.Size)
	}
	if err == nil {
		_, err = f.Seek(have, io.SeekStart)
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, err
	}
	return f, have, nil
}

func (s *Store) get(ctx context.Context, m *Model, address string, have int64) (io.ReadCloser, int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, err
	}
	if !secure(req.URL) {
		return nil, 0, fmt.Errorf("%s: %w", address, errInsecure)
	}
	// Compression would change the meaning of byte positions.
	req.Header.Set("Accept-Encoding", "identity")
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	client, done := s.client()
	resp, err := client.Do(req)
	if err != nil {
		done()
		return nil, 0, err
	}
	body := &responseBody{resp.Body, done}
	at, err := position(m, resp, have)
	if err != nil {
		_ = body.Close()
		return nil, 0, fmt.Errorf("%s: %w", address, err)
	}
	return body, at, nil
}

// position tells at which byte of the file the response begins.
func position(m *Model, resp *http.Response, have int64) (int64, error) {
	switch resp.StatusCode {
	case http.StatusOK:
		if n := resp.ContentLength; n >= 0 && n != m.Size {
			return 0, fmt.Errorf("%w: has %d bytes, wants %d", ErrBadFile, n, m.Size)
		}
		return 0, nil
	case http.StatusPartialContent:
		want := fmt.Sprintf("bytes %d-%d/%d", have, m.Size-1, m.Size)
		if got := resp.Header.Get("Content-Range"); have == 0 || got != want {
			return 0, fmt.Errorf("%w: the server sends %q, wanted %q", errStale, got, want)
		}
		return have, nil
	case http.StatusRequestedRangeNotSatisfiable:
		return 0, errStale
	case http.StatusNotFound, http.StatusGone:
		return 0, fmt.Errorf("the server says %s: %w", resp.Status, fs.ErrNotExist)
	}
	return 0, fmt.Errorf("the server says %s", resp.Status)
}

var errInsecure = errors.New("is not an https address")

// secure addresses can't be listened in on: TLS, or this machine itself.
func secure(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// client is the store's client, kept from leaving TLS by a redirect; done
// frees what it holds.
func (s *Store) client() (client *http.Client, done func()) {
	c := http.Client{}
	done = func() {}
	if s.Client != nil {
		c = *s.Client
	} else {
		t := &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:   30 * time.Second,
			ResponseHeaderTimeout: 30 * time.Second,
			ForceAttemptHTTP2:     true,
		}
		c.Transport, done = t, t.CloseIdleConnections
	}
	follow := c.CheckRedirect
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		// Only what was asked for on this machine leads to what runs on it.
		if req.URL.Scheme != "https" && (!secure(req.URL) || req.URL.Host != via[0].URL.Host) {
			return fmt.Errorf("it leads to %s: %w", req.URL.Redacted(), errInsecure)
		}
		if follow != nil {
			return follow(req, via)
		}
		if len(via) >= 10 {
			return errors.New("redirected ten times")
		}
		return nil
	}
	return &c, done
}

// responseBody frees the client with the body.
type responseBody struct {
	io.ReadCloser
	done func()
}

func (b *responseBody) Close() error {
	err := b.ReadCloser.Close()
	b.done()
	return err
}

// fetchFailure names the remedy that goes with the error.
func (s *Store) fetchFailure(m *Model, err error) error {
	again := remedyFetch(m)
	switch {
	case errors.Is(err, unix.ENOSPC):
		return failure(m, err, "free some space, or name a folder on another disk in RTV_MODELS")
	case isBad(err):
		return failure(m, err, "the source has another file under that name; use a mirror that has the right one: "+again+" --mirror FOLDER-OR-URL")
	case errors.Is(err, context.Canceled):
		return failure(m, err, "to go on where it stopped, "+again)
	case errors.Is(err, errInsecure):
		return failure(m, err, "use an https address or a folder: "+again+" --mirror FOLDER-OR-URL")
	case errors.Is(err, fs.ErrNotExist):
		return failure(m, err, "use a mirror that has it: "+again+" --mirror FOLDER-OR-URL")
	}
	return failure(m, err, "check the network; to go on where it stopped, "+again)
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
