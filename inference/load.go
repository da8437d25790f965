package inference

/*
#include "tensorflow/lite/c/c_api.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"unsafe"

	"github.com/mattn/go-tflite"
	"golang.org/x/sys/unix"

	modelfile "reterminal-vision/inference/tflite"
	"reterminal-vision/inference/tflite/rewrite"
)

// loaded is a model in the library's hands.
type loaded struct {
	model  *tflite.Model
	resize *modelfile.Bilinear // left to do with the output, as Options.LeaveResize allows
	memory []byte              // mapped for the model's whole life; nil when the library has its own
}

func (m *loaded) free() {
	m.model.Delete()
	if m.memory != nil {
		unix.Munmap(m.memory)
	}
}

var errRefused = errors.New("the TensorFlow Lite library does not accept it")

// loadFile checks the whole file through a mapping, and lets the library map
// it, or see it with less work in the graph.
func loadFile(f *os.File, opt Options) (*loaded, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if info.Size() == 0 {
		return nil, modelfile.Verify(nil)
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping the file: %w", err)
	}
	defer unix.Munmap(data)
	if err := modelfile.Verify(data); err != nil {
		return nil, err
	}
	if m := loadSimpler(f, data, opt); m != nil {
		return m, nil
	}
	// The verified file itself is loaded, even when the name has moved on.
	model := tflite.NewModelFromFile(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	if model == nil {
		return nil, errRefused
	}
	return &loaded{model: model}, nil
}

// loadSimpler loads the file with less work in its graph; nil when there is
// none to leave out, or when anything about it is not as it should be.
func loadSimpler(f *os.File, data []byte, opt Options) *loaded {
	s := opt.simplify(data, os.Getpagesize())
	if s == nil {
		return nil
	}
	memory, err := mapBehind(s.Front, f, len(data))
	if err != nil {
		slog.Debug("model stays as it is", "file", f.Name(), "error", err)
		return nil
	}
	m := &loaded{resize: s.Resize, memory: memory}
	if err = modelfile.Verify(memory); err == nil {
		if m.model = borrow(memory); m.model != nil {
			return m
		}
		err = errRefused
	}
	slog.Debug("model stays as it is", "file", f.Name(), "error", err)
	unix.Munmap(memory)
	return nil
}

// simplify looks for less work as far as the options allow.
func (opt Options) simplify(data []byte, align int) *rewrite.Simplified {
	if _, external := opt.Delegate.External(); external || opt.NoOptimize {
		return nil
	}
	return rewrite.Simplify(data, opt.LeaveResize, align)
}

// mapBehiNoOptimizeaps n bytes of the file right behind a copy of front, which takes
// up whole pages.
func mapBehind(front []byte, f *os.File, n int) ([]byte, error) {
	memory, err := unix.Mmap(-1, 0, len(front)+n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	copy(memory, front)
	_, err = unix.MmapPtr(int(f.Fd()), 0, unsafe.Pointer(&memory[len(front)]), uintptr(n), unix.PROT_READ, unix.MAP_SHARED|unix.MAP_FIXED)
	if err != nil {
		unix.Munmap(memory)
		return nil, err
	}
	return memory, nil
}

// loadBytes has the library copy the model, with less work in its graph.
func loadBytes(data []byte, opt Options) (*loaded, error) {
	if err := modelfile.Verify(data); err != nil {
		return nil, err
	}
	m := &loaded{}
	if s := opt.simplify(data, 16); s != nil {
		simpler := append(s.Front, data...)
		if err := modelfile.Verify(simpler); err == nil {
			data, m.resize = simpler, s.Resize
		}
	}
	if m.model = tflite.NewModel(data); m.model == nil {
		return nil, errRefused
	}
	return m, nil
}

// borrowed has the fields of tflite.Model, which can by itself only copy what
// it is given; without data of its own it frees none.
type borrowed struct {
	m    *C.TfLiteModel
	data unsafe.Pointer
}

// The two are of one size.
var _ [unsafe.Sizeof(borrowed{}) - unsafe.Sizeof(tflite.Model{})]struct{}
var _ [unsafe.Sizeof(tflite.Model{}) - unsafe.Sizeof(borrowed{})]struct{}

// borrow loads the model where it lies; nil when the library refuses it.
func borrow(memory []byte) *tflite.Model {
	m := C.TfLiteModelCreate(unsafe.Pointer(&memory[0]), C.size_t(len(memory)))
	if m == nil {
		return nil
	}
	return (*tflite.Model)(unsafe.Pointer(&borrowed{m: m}))
}
