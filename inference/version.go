package inference

// #include "tensorflow/lite/c/c_api.h"
import "C"

// LibraryVersion is the version of TensorFlow Lite that runs the networks, as
// "2.17.1".
func LibraryVersion() string { return C.GoString(C.TfLiteVersion()) }
