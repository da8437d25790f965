package ui

import (
	"image"
	"sync"
	"sync/atomic"

	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/camera/frame"
	"reterminal-vision/ui/overlay"
)

// convert writes a frame's pixels into a picture of the same size.
var convert = frame.ToRGBA

// picture is the newest frame on the screen. It has two buffers: the caller of
// put writes one while the other is shown; they change places when the screen
// is painted, which is the only time the painter reads them.
type picture struct {
	raster  *canvas.Raster
	mask    overlay.Masks
	dropped atomic.Uint64
	paints  rate

	pending atomic.Bool // the back buffer is whole and waits to be painted
	front   int         // the buffer shown; whoever sees pending false may read it
	painted bool        // it has a picture; UI goroutine

	mu     sync.Mutex // held by put, and to change what follows
	buffer [2]*image.RGBA
	live   bool // frames are wanted
	held   bool // the picture shown stays
	failed error
}

func newPicture() *picture {
	p := &picture{}
	blank := image.NewRGBA(image.Rect(0, 0, 1, 1))
	p.raster = canvas.NewRaster(func(int, int) image.Image {
		if p.pending.Load() {
			p.front = 1 - p.front
			p.pending.Store(false)
			p.paints.add()
			p.painted = true
		}
		if b := p.buffer[p.front]; b != nil {
			return b
		}
		return blank
	})
	p.raster.ScaleMode = canvas.ImageScaleFastest // the GPU scales
	return p
}

// put converts a frame into the back buffer. Any goroutine.
func (p *picture) put(f *frame.Frame) {
	if p.pending.Load() {
		p.dropped.Add(1)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.live || p.held || p.pending.Load() {
		return
	}
	back := 1 - p.front
	b := p.buffer[back]
	if b == nil || b.Rect.Dx() != f.Width || b.Rect.Dy() != f.Height {
		b = image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
		p.buffer[back] = b
	}
	if p.failed = convert(b, f); p.failed != nil {
		return
	}
	p.mask.BlendInto(b)
	p.pending.Store(true)
}

// waiting gives the size of a picture that is to be painted. UI goroutine.
func (p *picture) waiting() (size image.Point, ok bool) {
	if !p.pending.Load() {
		return image.Point{}, false
	}
	return p.buffer[1-p.front].Rect.Size(), true
}

// hold keeps the picture shown, or lets others come again. UI goroutine.
func (p *picture) hold(on bool) {
	p.mu.Lock()
	p.held = on
	p.mu.Unlock()
}

// copy is the picture shown, nil for none. UI goroutine.
func (p *picture) copy() *image.RGBA {
	b := p.buffer[p.front]
	if b == nil || !p.painted {
		return nil
	}
	c := image.NewRGBA(b.Rect)
	copy(c.Pix, b.Pix)
	return c
}

// restart forgets the picture; frames are taken from now on, or not.
// UI goroutine.
func (p *picture) restart(live bool) {
	p.mu.Lock()
	p.live, p.held, p.failed = live, false, nil
	p.pending.Store(false)
	p.mu.Unlock()
	p.painted = false
	p.mask.Put(nil)
	p.paints.reset()
}
