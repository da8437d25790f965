package inference

/*
#include <stdlib.h>
#include "tensorflow/lite/c/c_api.h"

// The library wants its tensors at multiples of 64 bytes, and XNNPACK reads up
// to 16 bytes beyond them.
static void* staging_new(size_t size) { return aligned_alloc(64, (size + 16 + 63) & ~(size_t)63); }

// A tensor whose memory is custom is left alone when the others are laid out.
static void staging_use(void* tensor, void* memory) {
  TfLiteTensor* t = tensor;
  t->data.data = memory;
  t->allocation_type = kTfLiteCustom;
}
*/
import "C"

import (
	"slices"
	"unsafe"
)

// newStaging returns memory for the first input that stage can put in the
// place of the tensor's own; the network owns it.
func (in *Interpreter) newStaging() []byte {
	size := in.Inputs[0].size
	memory := C.staging_new(C.size_t(size))
	if memory == nil {
		panic("inference: out of memory for an input")
	}
	in.staging = append(in.staging, memory)
	return unsafe.Slice((*byte)(memory), size)
}

// stage makes data, which newStaging gave or the tensor's own memory, what the
// network reads as its first input; anything else is copied there.
func (in *Interpreter) stage(data []byte) {
	memory := unsafe.Pointer(unsafe.SliceData(data))
	switch {
	case memory == in.Inputs[0].data:
	case !in.foreign && slices.Contains(in.staging, memory): // others may have noted where the tensor lies
		// The tensor's only field is the C handle.
		C.staging_use(*(*unsafe.Pointer)(unsafe.Pointer(in.inputs[0])), memory)
		in.Inputs[0].data = memory
	default:
		copy(in.Inputs[0].Bytes(), data)
	}
}

// freeStaging frees what newStaging gave, after the network.
func (in *Interpreter) freeStaging() {
	for _, memory := range in.staging {
		C.free(memory)
	}
	in.staging = nil
}
