/* Runs networks on XNNPACK, one thread, and prints the processor time of the quickest of twelve runs. Built for arm64 and
   run by an emulator it tells how variants compare on kernels that this machine's processor does not use, the sparse
   ones above all; the times themselves mean nothing.

     packaging/setup.sh arm64
     aarch64-linux-gnu-gcc -O2 -Iinference/include models/train/emulated/emulated.c -L.native/arm64/lib
         -ltensorflowlite_c -Wl,--allow-shlib-undefined -o build/emulated
     QEMU_LD_PREFIX=/usr/aarch64-linux-gnu qemu-aarch64-static -cpu cortex-a72
         -E LD_LIBRARY_PATH=.native/arm64/lib build/emulated models/trained/NAME.tflite ...

   Debian packages: gcc-aarch64-linux-gnu libc6-dev-arm64-cross libstdc++6-arm64-cross qemu-user-static */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "tensorflow/lite/c/c_api.h"

// As in inference/xnnpack.go.
typedef struct {
  int32_t num_threads;
  char rest[252];
} XNNPackOptions;
XNNPackOptions TfLiteXNNPackDelegateOptionsDefault(void);
TfLiteDelegate* TfLiteXNNPackDelegateCreate(const XNNPackOptions* options);
void TfLiteXNNPackDelegateDelete(TfLiteDelegate* delegate);

static double milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

// quickest returns the time of the quickest run, -1 when the network does not run.
static double quickest(TfLiteInterpreter* net) {
  double best = -1;
  if (TfLiteInterpreterAllocateTensors(net) != kTfLiteOk) return best;
  for (int i = 0; i < 12; i++) {
    const double start = milliseconds();
    if (TfLiteInterpreterInvoke(net) != kTfLiteOk) return -1;
    const double took = milliseconds() - start;
    if (best < 0 || took < best) best = took;
  }
  return best;
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) {
    TfLiteModel* model = TfLiteModelCreateFromFile(argv[i]);
    if (!model) {
      fprintf(stderr, "%s: cannot be read as a network\n", argv[i]);
      return 1;
    }
    XNNPackOptions kernels = TfLiteXNNPackDelegateOptionsDefault();
    kernels.num_threads = 1;
    TfLiteDelegate* delegate = TfLiteXNNPackDelegateCreate(&kernels);
    TfLiteInterpreterOptions* options = TfLiteInterpreterOptionsCreate();
    TfLiteInterpreterOptionsSetNumThreads(options, 1);
    TfLiteInterpreterOptionsAddDelegate(options, delegate);
    TfLiteInterpreter* net = TfLiteInterpreterCreate(model, options);
    if (net) {
      printf("%9.1f  %s\n", quickest(net), argv[i]);
      TfLiteInterpreterDelete(net);
    }
    TfLiteInterpreterOptionsDelete(options);
    TfLiteXNNPackDelegateDelete(delegate);
    TfLiteModelDelete(model);
  }
  return 0;
}
