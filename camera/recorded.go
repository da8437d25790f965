package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"reterminal-vision/camera/frame"
)

// reel is footage that can be played again from its start.
type reel interface {
	// next returns the following frame with its Timestamp from the start of
	// the footage, io.EOF after the last.
	next(ctx context.Context) (*frame.Frame, error)
	rewind(ctx context.Context) error
	// interval is the time the last frame stays before the first comes again.
	interval() time.Duration
	close()
}

// recorded is the Source of every kind that is not live.
type recorded struct {
	*feed
	info Info
}

// Info implements Source.
func (r *recorded) Info() Info { return r.info }

// playAhead is how many decoded frames wait for an unpaced reader.
const playAhead = 2

// play starts a source on an open reel, which it closes at its end.
func play(info Info, r reel, opt Options) Source {
	ahead := playAhead
	if opt.Paced {
		ahead = 1 // newest wins
	}
	p := &player{reel: r, name: info.Name, paced: opt.Paced, loop: opt.Loop}
	return &recorded{feed: startFeed(info.Name, ahead, p.run), info: info}
}

// player numbers a reel's frames and hands them out, in time when paced.
type player struct {
	reel        reel
	name        string
	paced, loop bool

	sequence uint64
	base     time.Duration // where this pass over the footage starts
	start    time.Time     // when timestamp 0 was or would have been shown
	timer    *time.Timer
}

func (p *player) run(ctx context.Context, out *feed) error {
	defer p.reel.close()
	if p.paced { // the clock starts when somebody watches
		select {
		case <-out.wanted:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for {
		n, last, err := p.pass(ctx, out)
		if !errors.Is(err, io.EOF) {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%s: no picture in it could be read", p.name)
		}
		if !p.loop {
			return io.EOF
		}
		p.base = last + p.reel.interval()
		if err := p.reel.rewind(ctx); err != nil {
			return err
		}
	}
}

// pass plays the footage once; it returns how many frames there were and the
// timestamp of the last.
func (p *player) pass(ctx context.Context, out *feed) (n int, last time.Duration, err error) {
	for ; ; n++ {
		f, err := p.reel.next(ctx)
		if err != nil {
			return n, last, err
		}
		f.Timestamp += p.base
		f.Sequence = p.sequence
		last = f.Timestamp
		p.sequence++
		if !p.deliver(ctx, out, f) {
			return n, last, ctx.Err()
		}
	}
}

func (p *player) deliver(ctx context.Context, out *feed, f *frame.Frame) bool {
	if !p.paced {
		f.Captured = time.Now()
		return out.push(f)
	}
	if !p.wait(ctx, f.Timestamp) {
		f.Release()
		return false
	}
	f.Captured = time.Now()
	out.publish(f)
	return true
}

// wait sleeps until timestamp ts is due. Footage that cannot be decoded in
// time slows down rather than skip pictures it has already paid for.
func (p *player) wait(ctx context.Context, ts time.Duration) bool {
	late := time.Since(p.start) - ts
	if p.start.IsZero() || late > p.reel.interval() {
		p.start = time.Now().Add(-ts)
		return ctx.Err() == nil
	}
	if late >= 0 {
		return ctx.Err() == nil
	}
	if p.timer == nil {
		p.timer = time.NewTimer(-late)
	} else {
		p.timer.Reset(-late)
	}
	select {
	case <-p.timer.C:
		return true
	case <-ctx.Done():
		p.timer.Stop()
		return false
	}
}

// perFrame is the time between frames at fps.
func perFrame(fps float64) time.Duration { return time.Duration(float64(time.Second) / fps) }
