package inference

/*
#include <stdint.h>
#include "tensorflow/lite/c/c_api.h"

// The options struct begins with num_threads and has grown from version to
// version; the caller's room for it only has to be large enough.
typedef struct {
  int32_t num_threads;
  char rest[252];
} XNNPackOptions;

XNNPackOptions TfLiteXNNPackDelegateOptionsDefault(void);
TfLiteDelegate* TfLiteXNNPackDelegateCreate(const XNNPackOptions* options);
void TfLiteXNNPackDelegateDelete(TfLiteDelegate* delegate);

static TfLiteDelegate* xnnpack_create(int32_t threads) {
  XNNPackOptions options = TfLiteXNNPackDelegateOptionsDefault();
  options.num_threads = threads;
  return TfLiteXNNPackDelegateCreate(&options);
}
*/
import "C"

import (
	"errors"
	"unsafe"
)

// xnnpack is the XNNPACK delegate as go-tflite's delegates.Delegater.
type xnnpack struct{ d *C.TfLiteDelegate }

func newXNNPack(threads int) (*xnnpack, error) {
	d := C.xnnpack_create(C.int32_t(threads))
	if d == nil {
		return nil, errors.New("XNNPACK delegate could not be created")
	}
	return &xnnpack{d: d}, nil
}

func (x *xnnpack) Ptr() unsafe.Pointer { return unsafe.Pointer(x.d) }
func (x *xnnpack) Delete()             { C.TfLiteXNNPackDelegateDelete(x.d) }
