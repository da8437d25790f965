package segment

import (
	"fmt"

	"reterminal-vision/inference"
	"reterminal-vision/inference/alarm"
	"reterminal-vision/inference/task"
)

// Kind is segmentation: the class of every part of the picture.
var Kind = task.Kind{
	Name: "segment", Title: "Colouring the picture", Verb: "colours the picture",
	Decoders:   []*task.Decoder{{Name: "segment", Roles: []string{"map"}, Labels: true, LeaveResize: true, Fit: fit}},
	Alarm:      task.AlarmByArea,
	Replicates: true,
	Build:      build,
}

func build(r *task.Request) (inference.Task, error) {
	return task.Replicate(r, func(n *task.Loaded) (inference.Task, error) {
		t, err := New(n.Net, n.OutputName("map"), Config{Norm: n.Norm(), Resize: n.Resize(), Labels: n.Labels, Threshold: r.Threshold})
		if err != nil || r.Alarm == nil {
			return t, err
		}
		w, err := NewWatch(t, alarm.Config{Labels: r.Alarm.Labels, Threshold: r.Alarm.Area, Confirm: r.Alarm.Frames, Hold: r.Alarm.Frames})
		if err != nil {
			t.Close()
			return nil, err
		}
		return w, nil
	})
}

// fit finds networks that score or name classes for a grid of cells.
func fit(c *task.Candidate) (task.Fit, string) {
	f := task.Fit{Sure: true, Threshold: .5, Outputs: []task.OutputOf{{Role: "map"}}, Labels: task.LabelRule{CountsBackground: true}}
	if problem := c.Single(); problem != "" {
		return f, problem
	}
	t := c.Outputs[0]
	s := t.Shape
	if len(s) != 3 && len(s) != 4 || s[0] != 1 {
		return f, fmt.Sprintf("its output has the shape %v, and [1 height width classes] or [1 height width] is expected", s)
	}
	channels := 1
	if len(s) == 4 {
		channels = s[3]
	}
	picture := c.Input.Shape
	switch {
	case s[1] < 2 || s[2] < 2:
		return f, fmt.Sprintf("its output %v is no map", s)
	case s[1] > 2*picture[1] || s[2] > 2*picture[2]:
		return f, fmt.Sprintf("its output %v is larger than the picture", s)
	case channels > 256:
		return f, fmt.Sprintf("it tells %d classes apart, and 256 can be shown", channels)
	}
	if whole := t.DType == "int64" || t.DType == "int32"; whole && channels == 1 && t.Name != "" {
		f.Why = fmt.Sprintf("it gives the class of each of %d x %d cells", s[2], s[1])
		return f, ""
	}
	if problem := t.Unreadable(); problem != "" {
		return f, problem
	}
	f.Classes = max(2, channels)
	f.Why = fmt.Sprintf("it scores %d classes in %d x %d cells", channels, s[2], s[1])
	if channels == 1 {
		f.Why = fmt.Sprintf("it gives the probability of one thing in %d x %d cells; the labels are those of the rest and of the thing", s[2], s[1])
		// Rows of numbers have such a shape, too.
		if len(s) == 3 && s[1]*picture[2] != s[2]*picture[1] {
			return f, fmt.Sprintf("its output %v has not the picture's proportions", s)
		}
	}
	return f, ""
}
