package segment

import (
	"fmt"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/alarm"
)

// Watch is a segmentation that raises an alarm when classes take a part of the
// picture's cells, several frames running.
type Watch struct {
	*Task
	alarm    alarm.Alarm
	sequence uint64            // of the frame before
	last     inference.Mapping // of the frame that the network saw last
}

// NewWatch takes over the task, unless it returns an error. The alarm's
// threshold is the least part of the cells, 0..1.
func NewWatch(task *Task, cfg alarm.Config) (*Watch, error) {
	raise, err := alarm.New(cfg, task.labels)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", task.Net.Name, err)
	}
	return &Watch{Task: task, alarm: raise}, nil
}

// Run segments the prepared frame. A frame that comes before the last one in
// its stream begins another stream, with no alarm.
func (w *Watch) Run(f *frame.Frame, in *inference.Input, out *inference.Result) error {
	if err := w.Task.Run(f, in, out); err != nil {
		return err
	}
	if f.Sequence < w.sequence {
		w.alarm.Reset()
	}
	w.sequence, w.last = f.Sequence, in.Map
	out.Alarm = w.alarm.Update(out.Mask.Share)
	return nil
}

// Repeat does what Run does, as if the network had said once more what it said
// last: for a frame that does not differ, which the alarm counts as any other.
func (w *Watch) Repeat(f *frame.Frame, out *inference.Result) error {
	w.sequence = f.Sequence
	if err := w.decode(w.last, out); err != nil {
		return err
	}
	out.Alarm = w.alarm.Update(out.Mask.Share)
	return nil
}
