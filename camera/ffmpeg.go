package camera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"reterminal-vision/camera/fault"
	"reterminal-vision/camera/frame"
)

// bufferSize is the kernel's default limit.
const bufferSize = 208 << 10

// picturePipe is a process that writes raw pictures into a stream.
type picturePipe struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc // kills the process
	stream *os.File
	unhook func() bool // parts the stream from the reader's context
	stderr lastLine
}

// programPass plays a file through the ffmpeg program, which a damaged file
// cannot take the app down with.
type programPass struct {
	pipe *picturePipe
	pool *frame.Pool
	path string
	info videoInfo
}

func (p *programPass) read(ctx context.Context) (*frame.Frame, error) {
	f := p.pool.Get(p.info.format, p.info.width, p.info.height)
	f.Range = p.info.rng
	err := p.pipe.read(ctx, f)
	if err == nil {
		return f, nil
	}
	f.Release()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, p.ended()
}

// ended explains why the program gives no more: io.EOF when it finished well.
func (p *programPass) ended() error {
	err := p.pipe.wait()
	line := strings.TrimPrefix(p.pipe.stderr.String(), fileURL(p.path)+": ")
	p.pipe = nil
	switch {
	case err == nil:
		return io.EOF
	case line != "":
		return errors.New(line)
	}
	return fmt.Errorf("ffmpeg: %w", err)
}

func (p *programPass) close() { p.pipe.kill() }

// startFFmpeg starts decoding path, of which v is known. The caller ends the
// process with wait or kill.
func startFFmpeg(path string, v videoInfo) (*picturePipe, error) {
	p, err := startPipe("ffmpeg", arguments(path, v))
	if err != nil {
		return nil, err
	}
	// Best effort too: a batch process does not interrupt inference each time it
	// wakes up. Threads that ffmpeg starts later inherit it.
	_ = unix.SchedSetAttr(p.cmd.Process.Pid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH}, 0)
	return p, nil
}

// startPipe starts a program that writes pictures to its standard output. The
// caller ends the process with wait or kill.
func startPipe(program string, args []string) (*picturePipe, error) {
	out, in, err := stream()
	if err != nil {
		return nil, fault.Errorf("making a stream from %s: %w", program, err)
	}
	defer in.Close()
	ctx, cancel := context.WithCancel(context.Background())
	p := &picturePipe{cmd: exec.CommandContext(ctx, program, args...), cancel: cancel, stream: out}
	p.cmd.Stdout, p.cmd.Stderr = in, &p.stderr
	if err := p.cmd.Start(); err != nil {
		cancel()
		out.Close()
		return nil, fault.Errorf("starting %s: %w", program, err)
	}
	return p, nil
}

// stream makes a one-way connection between processes. A socket costs a fifth
// less time than a pipe, which moves page by page.
func stream() (out, in *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	// Best effort: less room only means more switches between processes.
	_ = unix.SetsockoptInt(fds[1], unix.SOL_SOCKET, unix.SO_SNDBUF, bufferSize)
	_ = unix.SetNonblock(fds[0], true) // so that a deadline can end a read
	return os.NewFile(uintptr(fds[0]), "from a program"), os.NewFile(uintptr(fds[1]), "to us"), nil
}

// arguments ask for the first video stream alone, in its own pixel format
// where a frame can hold it; one thread costs the least in total.
func arguments(path string, v videoInfo) []string {
	args := []string{"-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1", "-filter_threads", "1",
		"-i", fileURL(path), "-map", "0:v:0"}
	if v.convert {
		args = append(args, "-vf", "scale=out_range=limited")
	}
	if v.steady {
		args = append(args, "-fps_mode", "passthrough")
	} else {
		args = append(args, "-fps_mode", "cfr", "-r", strconv.FormatFloat(v.fps, 'f', -1, 64))
	}
	return append(args, "-pix_fmt", v.pixFmt, "-f", "rawvideo", "pipe:1")
}

// fileURL keeps ffmpeg from taking a name with a colon for a protocol.
func fileURL(path string) string { return "file:" + path }

// read fills f's planes with the next picture; it fails when there is none or
// ctx ends, which must be the same for every call.
func (p *picturePipe) read(ctx context.Context, f *frame.Frame) error {
	p.endWith(ctx)
	for _, plane := range f.Planes {
		if len(plane) == 0 {
			continue
		}
		if _, err := io.ReadFull(p.stream, plane); err != nil {
			return err
		}
	}
	return nil
}

// endWith has a read that waits for the program end with ctx.
func (p *picturePipe) endWith(ctx context.Context) {
	if p.unhook == nil {
		p.unhook = context.AfterFunc(ctx, func() { _ = p.stream.SetReadDeadline(time.Unix(1, 0)) })
	}
}

// wait closes the stream, which ends a process that still writes to it, and
// returns how the process ended.
func (p *picturePipe) wait() error {
	if p.unhook != nil {
		p.unhook()
	}
	p.stream.Close()
	err := p.cmd.Wait()
	p.cancel()
	return err
}

// kill ends the process, if there is one, and waits until it is gone.
func (p *picturePipe) kill() {
	if p != nil {
		p.cancel()
		_ = p.wait()
	}
}

// lastLine keeps the last line written to it that is not empty, at most 1 KiB
// of it.
type lastLine struct {
	line    []byte
	pending []byte
}

// Write implements io.Writer.
func (l *lastLine) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		l.pending = append(l.pending, line[:min(len(line), 1024-len(l.pending))]...)
		if !whole {
			return n, nil
		}
		if t := bytes.TrimSpace(l.pending); len(t) > 0 {
			l.line = append(l.line[:0], t...)
		}
		l.pending, p = l.pending[:0], rest
	}
}

func (l *lastLine) String() string {
	if t := bytes.TrimSpace(l.pending); len(t) > 0 {
		return string(t)
	}
	return string(l.line)
}
