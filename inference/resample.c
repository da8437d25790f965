#include "resample.h"

#include <string.h>

// x86-64 builds carry an AVX2 copy of each loop, chosen when the library is loaded.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define RTV_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define RTV_CLONES
#endif

static void sample_columns(const uint8_t* restrict row, const rtv_channel* restrict c, int16_t* restrict out,
                           int32_t n) {
  for (int32_t i = 0; i < n; i++) out[i] = (int16_t)((row[c->x0[i]] * c->a0[i] + row[c->x1[i]] * c->a1[i]) >> 4);
}

RTV_CLONES static void blend_rows(const int16_t* restrict a, const int16_t* restrict b, int16_t wa, int16_t wb,
                                  uint8_t* restrict out, int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    const int16_t va = (int16_t)((a[i] * wa) >> 16), vb = (int16_t)((b[i] * wb) >> 16);
    out[i] = (uint8_t)((va + vb + 2) >> 2);
  }
}

// hold returns source row y of the channel, resampled; the slot that keeps the
// row in use is left alone.
static int hold(rtv_channel* c, const uint8_t* base, int32_t y, int keep, int32_t n) {
  if (c->held[0] == y) return 0;
  if (c->held[1] == y) return 1;
  const int slot = keep == 0 ? 1 : 0;
  sample_columns(base + (size_t)y * c->stride, c, c->row[slot], n);
  c->held[slot] = y;
  return slot;
}

// sample_row makes output row y of one channel.
static void sample_row(rtv_channel* c, const uint8_t* base, int32_t y, uint8_t* out, int32_t n) {
  const int32_t y0 = c->y0[y], y1 = c->y1[y];
  const int second = c->held[0] == y1 ? 0 : c->held[1] == y1 ? 1 : -1;
  const int a = hold(c, base, y0, second, n);
  const int b = hold(c, base, y1, a, n);
  blend_rows(c->row[a], c->row[b], c->b0[y], c->b1[y], out, n);
}

static inline uint8_t clamp_byte(int32_t v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v); }

RTV_CLONES static void yuv_to_rgb(const rtv_plan* plan, const uint8_t* restrict y, const uint8_t* restrict u,
                                  const uint8_t* restrict v, uint8_t* restrict rgb, int32_t n) {
  const int32_t zero = plan->y_zero, gain = plan->y_gain;
  const int32_t r_v = plan->r_v, g_u = plan->g_u, g_v = plan->g_v, b_u = plan->b_u;
  for (int32_t i = 0; i < n; i++) {
    const int32_t l = (y[i] - zero) * gain + 8192, cu = u[i] - 128, cv = v[i] - 128;
    rgb[3 * i] = clamp_byte((l + r_v * cv) >> 14);
    rgb[3 * i + 1] = clamp_byte((l + g_u * cu + g_v * cv) >> 14);
    rgb[3 * i + 2] = clamp_byte((l + b_u * cu) >> 14);
  }
}

RTV_CLONES static void interleave(const uint8_t* restrict a, const uint8_t* restrict b, const uint8_t* restrict c,
                                  uint8_t* restrict rgb, int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    rgb[3 * i] = a[i];
    rgb[3 * i + 1] = b[i];
    rgb[3 * i + 2] = c[i];
  }
}

RTV_CLONES static void flip_sign(const uint8_t* restrict rgb, uint8_t* restrict out, int32_t n) {
  for (int32_t i = 0; i < n; i++) out[i] = rgb[i] ^ 0x80;
}

static void through_table(const uint8_t* restrict table, const uint8_t* restrict rgb, uint8_t* restrict out,
                          int32_t n) {
  for (int32_t i = 0; i < n; i++) out[i] = table[rgb[i]];
}

RTV_CLONES static void to_float(const float* restrict gain, const float* restrict bias, const uint8_t* restrict rgb,
                                float* restrict out, int32_t n) {
  const float g0 = gain[0], g1 = gain[1], g2 = gain[2], b0 = bias[0], b1 = bias[1], b2 = bias[2];
  for (int32_t i = 0; i < n; i += 3) {
    out[i] = rgb[i] * g0 + b0;
    out[i + 1] = rgb[i + 1] * g1 + b1;
    out[i + 2] = rgb[i + 2] * g2 + b2;
  }
}

// to_rgb_row joins the sampled channels of one row into interleaved RGB.
static void to_rgb_row(const rtv_plan* plan, uint8_t* rgb) {
  const int32_t n = plan->width;
  const uint8_t *a = plan->sampled, *b = a + n, *c = b + n;
  switch (plan->colour) {
    case RTV_YUV: yuv_to_rgb(plan, a, b, c, rgb, n); break;
    case RTV_BGR: interleave(c, b, a, rgb, n); break;
    case RTV_GREY: interleave(a, a, a, rgb, n); break;
    default: interleave(a, b, c, rgb, n); break;
  }
}

void rtv_resample(rtv_plan* plan, const uint8_t* p0, const uint8_t* p1, const uint8_t* p2, void* dst) {
  const uint8_t* base[3] = {p0, p1, p2};
  uint8_t* row = dst;
  for (int32_t i = 0; i < plan->channels; i++) plan->channel[i].held[0] = plan->channel[i].held[1] = -1;
  for (int32_t y = 0; y < plan->height; y++, row += plan->dst_stride) {
    for (int32_t i = 0; i < plan->channels; i++) {
      rtv_channel* c = &plan->channel[i];
      sample_row(c, base[c->plane], y, plan->sampled + (size_t)i * plan->width, plan->width);
    }
    uint8_t* rgb = plan->output == RTV_BYTES ? row : plan->rgb;
    to_rgb_row(plan, rgb);
    const int32_t n = 3 * plan->width;
    switch (plan->output) {
      case RTV_FLIP_SIGN: flip_sign(rgb, row, n); break;
      case RTV_TABLE: through_table(plan->table, rgb, row, n); break;
      case RTV_FLOAT: to_float(plan->gain, plan->bias, rgb, (float*)row, n); break;
      default: break;
    }
  }
}
