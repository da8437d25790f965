// One pass from a camera frame's planes to an input tensor: bilinear resize,
// colour conversion and quantization. The resize rounds as OpenCV's
// INTER_LINEAR on bytes does, to the last bit: weights in 1/2048, columns
// before rows. The plan holds everything that depends on geometry alone.
#ifndef RTV_RESAMPLE_H
#define RTV_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum { RTV_RGB = 0, RTV_BGR = 1, RTV_GREY = 2, RTV_YUV = 3 };
enum { RTV_BYTES = 0, RTV_FLIP_SIGN = 1, RTV_TABLE = 2, RTV_FLOAT = 3 };

#define RTV_MAX_SIDE 4096
#define RTV_GROUP 4

// Four neighbouring output columns whose bytes lie close together: the byte
// pairs are picked out of a window of a row that starts at base.
typedef struct {
  int32_t base;
  uint8_t pick[2][16];  // from the window's first and second 16 bytes; 0x80 gives zero
  int16_t weight[8];
} rtv_group;

// A sample channel: for each output column the two bytes of its plane's row to
// blend, for each output row the two rows, with their weights in 1/2048.
typedef struct {
  int32_t plane, stride;
  int32_t x0[RTV_MAX_SIDE], x1[RTV_MAX_SIDE], y0[RTV_MAX_SIDE], y1[RTV_MAX_SIDE];
  int16_t a0[RTV_MAX_SIDE], a1[RTV_MAX_SIDE], b0[RTV_MAX_SIDE], b1[RTV_MAX_SIDE];
  int16_t* row[2];  // two resampled source rows, in 1/128, with room for a last group
  int32_t held[2];  // which rows they are; -1 for none
  int32_t window;   // bytes in a group's window, 16 or 32; 0 samples the columns one by one
  rtv_group group[RTV_MAX_SIDE / RTV_GROUP];
} rtv_channel;

// How a row of sampled channels becomes a row of the tensor.
typedef struct {
  int32_t width;  // pixels in a row
  int32_t colour, kind;
  // YUV to RGB in 1/16384: y_gain*(Y-y_zero), then r_v, g_u, g_v, b_u on U-128 and V-128
  int32_t y_zero, y_gain, r_v, g_u, g_v, b_u;
  uint8_t table[256];      // for RTV_TABLE
  float gain[3], bias[3];  // for RTV_FLOAT: gain*byte + bias
  uint8_t* sampled;        // the row of each channel, side by side
  uint8_t* rgb;            // the row, interleaved
} rtv_output;

typedef struct {
  rtv_output out;
  int32_t height;  // of the picture written
  int32_t channels;
  size_t dst_stride;  // bytes from one output row to the next
  rtv_channel channel[3];
} rtv_plan;

// Groups the channel's n columns, whose plane has so many bytes in a row, if
// the processor and the geometry allow it.
void rtv_group_columns(rtv_channel* channel, int32_t n, int32_t row_bytes);

// Joins the sampled channels of one row and writes it as tensor elements.
void rtv_write_row(const rtv_output* out, void* row);

void rtv_resample(rtv_plan* plan, const uint8_t* p0, const uint8_t* p1, const uint8_t* p2, void* dst);

#endif
