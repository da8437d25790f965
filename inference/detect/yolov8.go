package detect

import (
	"fmt"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// YOLOv8Config is the decoding of a head without anchors.
type YOLOv8Config struct {
	Unit Unit    // of the boxes: Image or Pixels
	IoU  float32 // overlap at which the weaker box of a class is dropped
}

// YOLOv8 is a detector with one output of N boxes, each cx cy w h and a
// probability for every class, as Ultralytics exports YOLOv8 and its
// successors. A box takes the best of its classes.
type YOLOv8 struct {
	detector
	iou    float32
	source source
	list   boxList
}

// NewYOLOv8 takes over net, unless it returns an error, and checks it against
// the contract: for C labels the output has the shape [1 4+C N] or [1 N 4+C],
// float32 or quantized.
func NewYOLOv8(net *inference.Interpreter, output string, yolo YOLOv8Config, cfg Config) (*YOLOv8, error) {
	if yolo.Unit != Image && yolo.Unit != Pixels {
		return nil, fmt.Errorf("model %s: unknown unit of YOLOv8 boxes %q: choose %s or %s", net.Name, yolo.Unit, Image, Pixels)
	}
	d, err := newDetector(net, cfg)
	if err != nil {
		return nil, err
	}
	y := &YOLOv8{detector: d, iou: yolo.IoU}
	if err := y.bind(output, yolo.Unit); err != nil {
		d.Pre.Close()
		return nil, fmt.Errorf("model %s is not the YOLOv8 detector it should be: %w", net.Name, err)
	}
	return y, nil
}

func (y *YOLOv8) bind(output string, unit Unit) error {
	t, err := inference.Bind(y.Net.Outputs, inference.Contract{Name: output})
	if err != nil {
		return err
	}
	if y.source, err = newSource(t); err != nil {
		return err
	}
	n := 4 + len(y.labels)
	planar, packed := inference.Contract{Shape: []int{1, n, -1}}, inference.Contract{Shape: []int{1, -1, n}}
	switch {
	case planar.Check(t) == nil:
		y.list = newBoxList(t.Shape[2], len(y.labels), true)
	case packed.Check(t) == nil:
		y.list = newBoxList(t.Shape[1], len(y.labels), false)
	default:
		return fmt.Errorf("output %s: expected shape [1 %d N] or [1 N %d]", t, n, n)
	}
	if unit == Pixels {
		y.list.width, y.list.height = float32(y.Pre.Width), float32(y.Pre.Height)
	}
	return nil
}

// Run finds the objects of the prepared frame.
func (y *YOLOv8) Run(_ *frame.Frame, in *inference.Input, out *inference.Result) error {
	if err := y.Invoke(in, &out.Timing); err != nil {
		return err
	}
	start := time.Now()
	err := y.decode(in.Map, out)
	out.Timing.Decode += time.Since(start)
	return err
}

func (y *YOLOv8) decode(m inference.Mapping, out *inference.Result) error {
	v, err := y.source.values(y.list.elements())
	if err != nil {
		return err
	}
	y.list.decode(&v, m, &y.detector, out)
	out.Objects = suppress(out.Objects, y.iou)
	return nil
}

// boxList decodes the output of a YOLOv8 head.
type boxList struct {
	classes       int
	planar        bool    // each number of all boxes together, not all numbers of each box
	width, height float32 // of the input picture in the boxes' unit
	score         []float32
	class         []int // best so far by box, -1 for none
}

func newBoxList(boxes, classes int, planar bool) boxList {
	return boxList{
		classes: classes, planar: planar, width: 1, height: 1,
		score: make([]float32, boxes), class: make([]int, boxes),
	}
}

func (l *boxList) elements() int { return len(l.class) * (4 + l.classes) }

// index is the place of the box's number k.
func (l *boxList) index(box, k int) int {
	if l.planar {
		return k*len(l.class) + box
	}
	return box*(4+l.classes) + k
}

// decode appends the boxes of v that score the threshold or more.
func (l *boxList) decode(v *reals, m inference.Mapping, d *detector, out *inference.Result) {
	l.classify(v, d.Score())
	for box, class := range l.class {
		if class < 0 {
			continue
		}
		cx, cy := v.at(l.index(box, 0))/l.width, v.at(l.index(box, 1))/l.height
		w, h := v.at(l.index(box, 2))/l.width/2, v.at(l.index(box, 3))/l.height/2
		d.add(out, class, l.score[box], m.Box(cx-w, cy-h, cx+w, cy+h))
	}
}

// classify finds each box's best class of at least that score, walking the memory in its own order.
func (l *boxList) classify(v *reals, least float32) {
	for box := range l.class {
		l.class[box] = -1
	}
	if l.planar {
		for c := range l.classes {
			row := l.index(0, 4+c)
			for box := range l.class {
				// Almost every score ends here; NaN does too.
				if score := v.at(row + box); score >= least {
					l.offer(box, c, score)
				}
			}
		}
		return
	}
	for box := range l.class {
		first := l.index(box, 4)
		for c := range l.classes {
			if score := v.at(first + c); score >= least {
				l.offer(box, c, score)
			}
		}
	}
}

// offer makes c the box's class if it scores more than those before it.
func (l *boxList) offer(box, c int, score float32) {
	if l.class[box] >= 0 && score <= l.score[box] {
		return
	}
	// Rounding to a quantized step may carry a probability past 1.
	l.class[box], l.score[box] = c, min(score, 1)
}
