package inference

/*
#cgo LDFLAGS: -lm
#include "reference.h"
*/
import "C"

import (
	"errors"
	"unsafe"
)

// plainKernels is the delegate of the reference kernels, as go-tflite's
// delegates.Delegater.
type plainKernels struct{ d *C.TfLiteDelegate }

func newReference() (*plainKernels, error) {
	d := C.inference_reference_new()
	if d == nil {
		return nil, errors.New("out of memory")
	}
	return &plainKernels{d}, nil
}

func (r *plainKernels) Ptr() unsafe.Pointer { return unsafe.Pointer(r.d) }
func (r *plainKernels) Delete()             { C.inference_reference_free(r.d) }
