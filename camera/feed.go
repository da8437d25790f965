package camera

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"reterminal-vision/camera/frame"
)

// feed carries frames from a source's goroutine to its Read. The goroutine
// ends when it meets an error or Close asks it to.
type feed struct {
	name   string
	frames chan *frame.Frame
	err    error // why frames was closed; written before that
	stop   context.CancelFunc
	done   <-chan struct{} // closed by stop
	ended  chan struct{}   // closed when the goroutine has let go of everything
	close  sync.Once

	wanted chan struct{} // closed by the first Read
	first  sync.Once
}

// startFeed runs produce in a goroutine of its own until it returns an error;
// up to ahead frames wait in the feed. name begins the feed's errors.
func startFeed(name string, ahead int, produce func(context.Context, *feed) error) *feed {
	ctx, stop := context.WithCancel(context.Background())
	fd := &feed{name: name, frames: make(chan *frame.Frame, ahead), stop: stop, done: ctx.Done(), ended: make(chan struct{}), wanted: make(chan struct{})}
	go func() {
		defer close(fd.ended)
		fd.err = produce(ctx, fd)
		close(fd.frames)
	}()
	return fd
}

// push waits for room; it reports false, and has released f, when the feed is
// being closed.
func (fd *feed) push(f *frame.Frame) bool {
	select {
	case fd.frames <- f:
		return true
	case <-fd.done:
		f.Release()
		return false
	}
}

// publish never waits: when the feed is full the oldest frame makes room.
func (fd *feed) publish(f *frame.Frame) {
	for {
		select {
		case fd.frames <- f:
			return
		default:
		}
		select {
		case old := <-fd.frames:
			old.Release()
		default:
		}
	}
}

// Read implements Source.
func (fd *feed) Read(ctx context.Context) (*frame.Frame, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fd.first.Do(func() { close(fd.wanted) })
	select {
	case <-fd.done: // before the frames that Close is about to discard
		return nil, fd.closed()
	default:
	}
	select {
	case f, ok := <-fd.frames:
		if ok {
			return f, nil
		}
		if errors.Is(fd.err, context.Canceled) {
			return nil, fd.closed()
		}
		return nil, fd.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-fd.done:
		return nil, fd.closed()
	}
}

func (fd *feed) closed() error { return fmt.Errorf("%s: %w", fd.name, os.ErrClosed) }

// Close implements Source: it returns when the goroutine is gone and with it
// whatever it held open.
func (fd *feed) Close() error {
	fd.close.Do(func() {
		fd.stop()
		<-fd.ended
		for f := range fd.frames {
			f.Release()
		}
	})
	return nil
}
