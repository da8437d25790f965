// Package segment decodes networks that give every part of a picture a class:
// tensors to a mask in frame coordinates. In: frames and the interpreter of a
// network bound to its contract. Out: an inference.Result with a Mask.
//
// It imports inference, inference/alarm and camera; app may import it.
package segment

import (
	"fmt"
	"math"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Config is what a segmentation needs to know beside its tensors.
type Config struct {
	Norm   inference.Normalization
	Resize inference.Resize
	Labels []string // name by class, 2 to 256 of them; class 0 is the background
	// Threshold is the probability from which a cell is class 1, 0..1, for a
	// head with one channel or two; 0.5 when zero. Other heads take the strongest
	// class.
	Threshold float32
}

// Task segments whole frames. The output's shape and type say how it is read:
//
//	[1 h w C] float32, uint8, int8   scores, probabilities or logits: the strongest class
//	[1 h w 1] float32, uint8, int8   probability of class 1, of two
//	[1 h w 2] float32, uint8, int8   where the threshold is not 0.5, the probabilities of both
//	[1 h w] or [1 h w 1] int64, int32   classes
//
// h and w need not be the input's. Of scores that the network has left to be
// resized (inference.Options.LeaveResize) the classes are found at full size.
type Task struct {
	inference.PictureNet
	head   *head
	labels []string
	counts [4][256]uint32
}

// New takes over net, whose output tensor is called output; a network with
// just one needs no name. On an error net stays the caller's.
func New(net *inference.Interpreter, output string, cfg Config) (*Task, error) {
	if len(cfg.Labels) < 2 || len(cfg.Labels) > 256 {
		return nil, fmt.Errorf("model %s: a segmentation tells 2 to 256 classes apart, there are %d labels", net.Name, len(cfg.Labels))
	}
	out, err := inference.Bind(net.Outputs, inference.Contract{Name: output})
	if err != nil {
		return nil, fmt.Errorf("model %s is not the segmentation it should be: %w", net.Name, err)
	}
	if cfg.Threshold == 0 {
		cfg.Threshold = 0.5
	}
	head, err := newHead(out, len(cfg.Labels), cfg.Threshold)
	if err != nil {
		return nil, fmt.Errorf("model %s is not the segmentation it should be: %w", net.Name, err)
	}
	picture, err := inference.NewPictureNet(net, cfg.Norm, cfg.Resize)
	if err != nil {
		return nil, err
	}
	return &Task{PictureNet: picture, head: head, labels: cfg.Labels}, nil
}

// Run segments the prepared frame.
func (t *Task) Run(_ *frame.Frame, in *inference.Input, out *inference.Result) error {
	if err := t.Invoke(in, &out.Timing); err != nil {
		return err
	}
	start := time.Now()
	err := t.decode(in.Map, out)
	out.Timing.Decode += time.Since(start)
	return err
}

// decode fills out.Mask with the cells that show the frame.
func (t *Task) decode(to inference.Mapping, out *inference.Result) error {
	if err := t.head.check(); err != nil {
		return fmt.Errorf("model %s: %w", t.Net.Name, err)
	}
	if out.Mask == nil {
		out.Mask = &inference.Mask{}
	}
	m, w, h := out.Mask, t.head.width, t.head.height
	x0, x1 := visible(w, to.ScaleX, to.OffsetX, float32(out.Width))
	y0, y1 := visible(h, to.ScaleY, to.OffsetY, float32(out.Height))
	m.Width, m.Height, m.Labels = x1-x0, y1-y0, t.labels
	m.Area = to.Box(float32(x0)/float32(w), float32(y0)/float32(h), float32(x1)/float32(w), float32(y1)/float32(h))
	if n := m.Width * m.Height; cap(m.Class) < n {
		m.Class = make([]uint8, n)
	} else {
		m.Class = m.Class[:n]
	}
	if err := t.head.cells(x0, y0, x1, y1, m.Class); err != nil {
		return err
	}
	t.share(m)
	return nil
}

// visible is the range of the n cells along one side whose centres lie in a
// frame of size pixels; the others show padding.
func visible(n int, scale, offset, size float32) (from, to int) {
	cell := scale / float32(n)
	first := math.Ceil(float64(-offset/cell - 0.5))
	last := math.Floor(float64((size-offset)/cell-0.5)) + 1
	from = int(min(max(first, 0), float64(n)))
	return from, int(min(max(last, float64(from)), float64(n)))
}

// share counts the cells of each class, in four tables by turns: a run of one
// class would wait for its own counter.
func (t *Task) share(m *inference.Mask) {
	t.counts = [4][256]uint32{}
	cells := m.Class
	for ; len(cells) >= 4; cells = cells[4:] {
		t.counts[0][cells[0]]++
		t.counts[1][cells[1]]++
		t.counts[2][cells[2]]++
		t.counts[3][cells[3]]++
	}
	for _, c := range cells {
		t.counts[0][c]++
	}
	m.Share = m.Share[:0]
	for c := range t.labels {
		n := t.counts[0][c] + t.counts[1][c] + t.counts[2][c] + t.counts[3][c]
		m.Share = append(m.Share, float32(n)/float32(max(1, len(m.Class))))
	}
}
