// One pass from a camera frame's planes to an input tensor through an affine
// map: bilinear sampling with weights in 1/1024, colour conversion and
// quantization.
#ifndef RTV_WARP_H
#define RTV_WARP_H

#include "resample.h"

// A sample channel: a grid of bytes, and the map from output pixels to
// positions on it, both counted from the centre of pixel 0.
typedef struct {
  int32_t plane, stride, offset, step;  // a sample is at offset + step*x of row y
  int32_t width, height;
  double at[6];  // x = at[0]*u + at[1]*v + at[2], y = at[3]*u + at[4]*v + at[5]
} rtv_grid;

typedef struct {
  rtv_output out;
  int32_t height;  // of the picture written
  int32_t channels;
  size_t dst_stride;  // bytes from one output row to the next
  rtv_grid grid[3];
} rtv_warp;

// Positions must stay within +-2^24 on every grid.
void rtv_warp_frame(const rtv_warp* warp, const uint8_t* p0, const uint8_t* p1, const uint8_t* p2, void* dst);

#endif
