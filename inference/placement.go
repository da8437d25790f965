package inference

/*
#include "delegate.h"
*/
import "C"

import (
	"errors"
	"unsafe"

	"github.com/mattn/go-tflite/delegates"

	"reterminal-vision/inference/tflite"
)

// Placement tells where the operators of a network run.
type Placement struct {
	Nodes      []Node `json:"nodes"`          // in the order they run without a delegate
	Partitions int    `json:"partitions"`     // steps that the delegate made of those it took
	Said       string `json:"said,omitempty"` // by the library or the delegate while the network was laid out
}

// Node is one operator of the network's first graph.
type Node struct {
	Index     int    `json:"index"`     // in the graph, which is the file's with Options.NoOptimize
	Name      string `json:"name"`      // as CONV_2D, or a custom operator's own name
	Delegated bool   `json:"delegated"` // else it runs on built-in kernels
}

// Delegated is how many operators the delegate runs.
func (p Placement) Delegated() (n int) {
	for _, node := range p.Nodes {
		if node.Delegated {
			n++
		}
	}
	return n
}

// Left are the kinds of operators that the delegate did not take, in the order
// they first run, without times.
func (p Placement) Left() (kinds []Kind) {
	at := map[string]int{}
	for _, node := range p.Nodes {
		if node.Delegated {
			continue
		}
		i := kindAt(&kinds, at, node.Name)
		kinds[i].Count++
	}
	return kinds
}

// watched is a delegate that the library sees through a watch.
type watched struct {
	delegates.Delegater
	watch *C.inference_watch
}

func watch(d delegates.Delegater) (*watched, error) {
	w := C.inference_watch_new((*C.TfLiteDelegate)(d.Ptr()))
	if w == nil {
		return nil, errors.New("out of memory")
	}
	return &watched{d, w}, nil
}

// Ptr is the delegate that the library is given.
func (w *watched) Ptr() unsafe.Pointer { return unsafe.Pointer(&w.watch.outer) }

func (w *watched) Delete() {
	w.Delegater.Delete()
	C.inference_watch_free(w.watch)
}

// placement reads what the watch saw.
func (w *watched) placement() Placement {
	p := Placement{Partitions: int(w.watch.partitions)}
	for _, n := range unsafe.Slice(w.watch.nodes, w.watch.count) {
		name := C.GoString(&n.name[0])
		if name == "" {
			name = tflite.OperatorName(int(n.code))
		}
		p.Nodes = append(p.Nodes, Node{Index: int(n.index), Name: name, Delegated: bool(n.delegated)})
	}
	return p
}
