package inference

/*
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tensorflow/lite/c/c_api.h"

// The last messages of the library, one a line, cut at the end of the buffer.
typedef struct { char text[1024]; } report;

static void report_line(void* user_data, const char* format, va_list args) {
  report* r = user_data;
  size_t used = strlen(r->text);
  if (used + 2 >= sizeof r->text) return;
  if (used > 0) r->text[used++] = '\n';
  vsnprintf(r->text + used, sizeof r->text - used, format, args);
}

static void report_to(void* options, report* r) {
  TfLiteInterpreterOptionsSetErrorReporter(options, report_line, r);
}
*/
import "C"

import (
	"strings"
	"unsafe"

	"github.com/mattn/go-tflite"
)

// report collects what the library says when it refuses something. It is C
// memory, because go-tflite's own reporter keeps a Go callback for ever.
type report struct{ r *C.report }

func newReport() report {
	return report{(*C.report)(C.calloc(1, C.sizeof_report))}
}

// attach makes options tell r; their only field is the C handle.
func (r report) attach(options *tflite.InterpreterOptions) {
	C.report_to(*(*unsafe.Pointer)(unsafe.Pointer(options)), r.r)
}

// take returns what was said since the last call, as one line.
func (r report) take() string {
	s := C.GoString(&r.r.text[0])
	r.r.text[0] = 0
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", "; ")
}

func (r report) free() { C.free(unsafe.Pointer(r.r)) }
