// Package tasks lists the kinds of tasks: what this program can do with a
// picture. A new kind is a package of its own and one line here.
//
// In: the kinds that each package exports. Out: kinds and decoders by name.
// It imports inference/task and every package of a task; models and app may
// import it.
package tasks

import (
	"reterminal-vision/inference/attribute"
	"reterminal-vision/inference/classify"
	"reterminal-vision/inference/detect"
	"reterminal-vision/inference/recognize"
	"reterminal-vision/inference/segment"
	"reterminal-vision/inference/task"
)

// All lists the kinds. It is only read.
var All = []*task.Kind{
	&detect.Kind,
	&segment.Kind,
	&classify.Kind,
	&attribute.Kind,
	&recognize.Kind,
}

// Find finds a kind by its name, nil when there is none.
func Find(name string) *task.Kind {
	for _, k := range All {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// Decoder finds a decoder of any kind by its name, nil when there is none.
func Decoder(name string) *task.Decoder {
	for d := range decoders {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// Importable lists the decoders that an unknown model may fit.
func Importable() (found []*task.Decoder) {
	for d := range decoders {
		if d.Fit != nil {
			found = append(found, d)
		}
	}
	return found
}

// Of finds the kind whose first networks the decoder reads, nil when there is
// none: of several the first.
func Of(decoder string) *task.Kind {
	for _, k := range All {
		for _, d := range k.Decoders {
			if d.Name == decoder {
				return k
			}
		}
	}
	return nil
}

// decoders ranges over the decoders of all kinds; shared ones come repeatedly.
func decoders(yield func(*task.Decoder) bool) {
	for _, k := range All {
		for _, list := range [][]*task.Decoder{k.Decoders, k.Heads} {
			for _, d := range list {
				if !yield(d) {
					return
				}
			}
		}
	}
}
