#include "resample.h"

#include <string.h>

// x86-64 builds carry an AVX2 copy of each loop, chosen when the library is loaded.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define RTV_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define RTV_CLONES
#endif

#if defined(__x86_64__)
#include <tmmintrin.h>

static int wide_supported(void) { return __builtin_cpu_supports("ssse3"); }

__attribute__((target("ssse3"))) static void sample_groups(const uint8_t* row, const rtv_channel* c, int16_t* out,
                                                           int32_t n) {
  const int wide = c->window > 16;
  for (const rtv_group* g = c->group; n > 0; g++, n -= RTV_GROUP, out += RTV_GROUP) {
    const __m128i* window = (const __m128i*)(row + g->base);
    __m128i pairs = _mm_shuffle_epi8(_mm_loadu_si128(window), _mm_loadu_si128((const __m128i*)g->pick[0]));
    if (wide) {
      const __m128i pick = _mm_loadu_si128((const __m128i*)g->pick[1]);
      pairs = _mm_or_si128(pairs, _mm_shuffle_epi8(_mm_loadu_si128(window + 1), pick));
    }
    const __m128i sum = _mm_srai_epi32(_mm_madd_epi16(pairs, _mm_loadu_si128((const __m128i*)g->weight)), 4);
    _mm_storel_epi64((__m128i*)out, _mm_packs_epi32(sum, sum));
  }
}

#elif defined(__aarch64__)
#include <arm_neon.h>

static int wide_supported(void) { return 1; }

static void sample_groups(const uint8_t* row, const rtv_channel* c, int16_t* out, int32_t n) {
  const int wide = c->window > 16;
  for (const rtv_group* g = c->group; n > 0; g++, n -= RTV_GROUP, out += RTV_GROUP) {
    const uint8_t* window = row + g->base;
    uint8x16_t bytes = vqtbl1q_u8(vld1q_u8(window), vld1q_u8(g->pick[0]));
    if (wide) bytes = vorrq_u8(bytes, vqtbl1q_u8(vld1q_u8(window + 16), vld1q_u8(g->pick[1])));
    const int16x8_t pairs = vreinterpretq_s16_u8(bytes), weight = vld1q_s16(g->weight);
    const int32x4_t sum = vpaddq_s32(vmull_s16(vget_low_s16(pairs), vget_low_s16(weight)), vmull_high_s16(pairs, weight));
    vst1_s16(out, vshrn_n_s32(sum, 4));
  }
}

#else

static int wide_supported(void) { return 0; }
static void sample_groups(const uint8_t* row, const rtv_channel* c, int16_t* out, int32_t n) {}

#endif

// reach gives the lowest and highest byte that the group of columns from i on needs.
static void reach(const rtv_channel* c, int32_t i, int32_t n, int32_t* low, int32_t* high) {
  *low = INT32_MAX, *high = 0;
  for (int32_t end = i + RTV_GROUP < n ? i + RTV_GROUP : n; i < end; i++) {
    const int32_t a = c->x0[i] < c->x1[i] ? c->x0[i] : c->x1[i], b = c->x0[i] + c->x1[i] - a;
    if (a < *low) *low = a;
    if (b > *high) *high = b;
  }
}

static void pick(rtv_group* g, int32_t lane, int32_t byte, int16_t weight) {
  memset(g->pick[0] + 2 * lane, 0x80, 2);
  memset(g->pick[1] + 2 * lane, 0x80, 2);
  g->pick[byte / 16][2 * lane] = (uint8_t)(byte % 16);
  g->weight[lane] = weight;
}

void rtv_group_columns(rtv_channel* c, int32_t n, int32_t row_bytes) {
  int32_t low, high, window = 16;
  c->window = 0;
  for (int32_t i = 0; i < n; i += RTV_GROUP) {
    reach(c, i, n, &low, &high);
    if (high - low >= 32) return;
    if (high - low >= 16) window = 32;
  }
  if (row_bytes < window || !wide_supported()) return;
  for (int32_t i = 0; i < n; i += RTV_GROUP) {
    rtv_group* g = &c->group[i / RTV_GROUP];
    reach(c, i, n, &low, &high);
    // The window must not read past the row: there may be nothing behind the last one.
    g->base = low < row_bytes - window ? low : row_bytes - window;
    for (int32_t j = 0; j < RTV_GROUP; j++) {
      const int32_t x = i + j < n ? i + j : n - 1;
      pick(g, 2 * j, c->x0[x] - g->base, c->a0[x]);
      pick(g, 2 * j + 1, c->x1[x] - g->base, c->a1[x]);
    }
  }
  c->window = window;
}

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
  const uint8_t* row = base + (size_t)y * c->stride;
  if (c->window)
    sample_groups(row, c, c->row[slot], n);
  else
    sample_columns(row, c, c->row[slot], n);
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

static void yuv_to_rgb(const rtv_output* o, const uint8_t* restrict y, const uint8_t* restrict u,
                       const uint8_t* restrict v, uint8_t* restrict rgb, int32_t n) {
  const int32_t zero = o->y_zero, gain = o->y_gain;
  const int32_t r_v = o->r_v, g_u = o->g_u, g_v = o->g_v, b_u = o->b_u;
  for (int32_t i = 0; i < n; i++) {
    const int32_t l = (y[i] - zero) * gain + 8192, cu = u[i] - 128, cv = v[i] - 128;
    rgb[3 * i] = clamp_byte((l + r_v * cv) >> 14);
    rgb[3 * i + 1] = clamp_byte((l + g_u * cu + g_v * cv) >> 14);
    rgb[3 * i + 2] = clamp_byte((l + b_u * cu) >> 14);
  }
}

#if defined(__x86_64__)

// mix sums 4+4 luma terms and the products of pairs of chroma values, and
// rounds them to 8 values in 16 bits.
__attribute__((target("ssse3"))) static inline __m128i mix(__m128i low, __m128i high, __m128i pairs_low,
                                                           __m128i pairs_high, __m128i gains) {
  return _mm_packs_epi32(_mm_srai_epi32(_mm_add_epi32(low, _mm_madd_epi16(pairs_low, gains)), 14),
                         _mm_srai_epi32(_mm_add_epi32(high, _mm_madd_epi16(pairs_high, gains)), 14));
}

static inline int32_t pair(int32_t low, int32_t high) { return (int32_t)((uint32_t)high << 16 | (low & 0xFFFF)); }

// yuv_to_rgb_8 is yuv_to_rgb for whole groups of eight pixels; it returns how
// many pixels it did.
__attribute__((target("ssse3"))) static int32_t yuv_to_rgb_8(const rtv_output* o, const uint8_t* y, const uint8_t* u,
                                                             const uint8_t* v, uint8_t* rgb, int32_t n) {
  const __m128i nothing = _mm_setzero_si128(), one = _mm_set1_epi16(1), middle = _mm_set1_epi16(128);
  const __m128i zero = _mm_set1_epi16((int16_t)o->y_zero), luma = _mm_set1_epi32(pair(o->y_gain, 8192));
  // A gain above 32767 is split over both halves of a pair.
  const __m128i red = _mm_set1_epi32(pair(o->r_v / 2, o->r_v - o->r_v / 2));
  const __m128i green = _mm_set1_epi32(pair(o->g_u, o->g_v));
  const __m128i blue = _mm_set1_epi32(pair(o->b_u / 2, o->b_u - o->b_u / 2));
  const __m128i pick_rg = _mm_setr_epi8(0, 8, -1, 1, 9, -1, 2, 10, -1, 3, 11, -1, 4, 12, -1, 5);
  const __m128i pick_b = _mm_setr_epi8(-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1);
  const __m128i pick_rg_end = _mm_setr_epi8(13, -1, 6, 14, -1, 7, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const __m128i pick_b_end = _mm_setr_epi8(-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, -1, -1, -1, -1, -1, -1);
  int32_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m128i l = _mm_sub_epi16(_mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i*)(y + i)), nothing), zero);
    const __m128i cu = _mm_sub_epi16(_mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i*)(u + i)), nothing), middle);
    const __m128i cv = _mm_sub_epi16(_mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i*)(v + i)), nothing), middle);
    const __m128i low = _mm_madd_epi16(_mm_unpacklo_epi16(l, one), luma);
    const __m128i high = _mm_madd_epi16(_mm_unpackhi_epi16(l, one), luma);
    const __m128i r = mix(low, high, _mm_unpacklo_epi16(cv, cv), _mm_unpackhi_epi16(cv, cv), red);
    const __m128i g = mix(low, high, _mm_unpacklo_epi16(cu, cv), _mm_unpackhi_epi16(cu, cv), green);
    const __m128i b = mix(low, high, _mm_unpacklo_epi16(cu, cu), _mm_unpackhi_epi16(cu, cu), blue);
    const __m128i rg = _mm_packus_epi16(r, g), bb = _mm_packus_epi16(b, b);
    _mm_storeu_si128((__m128i*)(rgb + 3 * i), _mm_or_si128(_mm_shuffle_epi8(rg, pick_rg), _mm_shuffle_epi8(bb, pick_b)));
    _mm_storel_epi64((__m128i*)(rgb + 3 * i + 16),
                     _mm_or_si128(_mm_shuffle_epi8(rg, pick_rg_end), _mm_shuffle_epi8(bb, pick_b_end)));
  }
  return i;
}

#endif

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

static void yuv_row(const rtv_output* o, const uint8_t* y, const uint8_t* u, const uint8_t* v, uint8_t* rgb,
                    int32_t n) {
  int32_t done = 0;
#if defined(__x86_64__)
  if (wide_supported()) done = yuv_to_rgb_8(o, y, u, v, rgb, n);
#endif
  yuv_to_rgb(o, y + done, u + done, v + done, rgb + 3 * done, n - done);
}

// to_rgb_row joins the sampled channels of one row into interleaved RGB.
static void to_rgb_row(const rtv_output* o, uint8_t* rgb) {
  const int32_t n = o->width;
  const uint8_t *a = o->sampled, *b = a + n, *c = b + n;
  switch (o->colour) {
    case RTV_YUV: yuv_row(o, a, b, c, rgb, n); break;
    case RTV_BGR: interleave(c, b, a, rgb, n); break;
    case RTV_GREY: interleave(a, a, a, rgb, n); break;
    default: interleave(a, b, c, rgb, n); break;
  }
}

void rtv_write_row(const rtv_output* o, void* row) {
  uint8_t* rgb = o->kind == RTV_BYTES ? row : o->rgb;
  to_rgb_row(o, rgb);
  const int32_t n = 3 * o->width;
  switch (o->kind) {
    case RTV_FLIP_SIGN: flip_sign(rgb, row, n); break;
    case RTV_TABLE: through_table(o->table, rgb, row, n); break;
    case RTV_FLOAT: to_float(o->gain, o->bias, rgb, row, n); break;
    default: break;
  }
}

void rtv_resample(rtv_plan* plan, const uint8_t* p0, const uint8_t* p1, const uint8_t* p2, void* dst) {
  const uint8_t* base[3] = {p0, p1, p2};
  const int32_t n = plan->out.width;
  uint8_t* row = dst;
  for (int32_t i = 0; i < plan->channels; i++) plan->channel[i].held[0] = plan->channel[i].held[1] = -1;
  for (int32_t y = 0; y < plan->height; y++, row += plan->dst_stride) {
    for (int32_t i = 0; i < plan->channels; i++) {
      rtv_channel* c = &plan->channel[i];
      sample_row(c, base[c->plane], y, plan->out.sampled + (size_t)i * n, n);
    }
    rtv_write_row(&plan->out, row);
  }
}
