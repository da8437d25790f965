#include "warp.h"

// mirror reflects an index into 0..n-1 without repeating the edge.
static int32_t mirror(int32_t i, int32_t n) {
  if (n == 1) return 0;
  const int32_t period = 2 * (n - 1);
  i %= period;
  if (i < 0) i += period;
  return i < n ? i : period - i;
}

// warp_row samples output row v of one grid. Positions run in 1/2^32 pixel,
// so that a row adds up no error that shows.
static void warp_row(const rtv_grid* g, const uint8_t* base, int32_t v, uint8_t* out, int32_t n) {
  const double one = 4294967296.0;
  const int64_t half = 1 << 21;  // rounds to 1/1024
  int64_t x = (int64_t)((g->at[1] * v + g->at[2]) * one) + half, dx = (int64_t)(g->at[0] * one);
  int64_t y = (int64_t)((g->at[4] * v + g->at[5]) * one) + half, dy = (int64_t)(g->at[3] * one);
  base += g->offset;
  for (int32_t u = 0; u < n; u++, x += dx, y += dy) {
    int32_t x0 = (int32_t)(x >> 32), y0 = (int32_t)(y >> 32), x1 = x0 + 1, y1 = y0 + 1;
    if (x0 < 0 || x1 >= g->width) x0 = mirror(x0, g->width), x1 = mirror(x1, g->width);
    if (y0 < 0 || y1 >= g->height) y0 = mirror(y0, g->height), y1 = mirror(y1, g->height);
    const uint8_t *top = base + (size_t)y0 * g->stride, *bottom = base + (size_t)y1 * g->stride;
    const int32_t fx = (x >> 22) & 1023, fy = (y >> 22) & 1023;
    x0 *= g->step, x1 *= g->step;
    const int32_t a = top[x0] * (1024 - fx) + top[x1] * fx, b = bottom[x0] * (1024 - fx) + bottom[x1] * fx;
    out[u] = (uint8_t)((a * (1024 - fy) + b * fy + (1 << 19)) >> 20);
  }
}

void rtv_warp_frame(const rtv_warp* warp, const uint8_t* p0, const uint8_t* p1, const uint8_t* p2, void* dst) {
  const uint8_t* base[3] = {p0, p1, p2};
  const int32_t n = warp->out.width;
  uint8_t* row = dst;
  for (int32_t v = 0; v < warp->height; v++, row += warp->dst_stride) {
    for (int32_t i = 0; i < warp->channels; i++) {
      const rtv_grid* g = &warp->grid[i];
      warp_row(g, base[g->plane], v, warp->out.sampled + (size_t)i * n, n);
    }
    rtv_write_row(&warp->out, row);
  }
}
