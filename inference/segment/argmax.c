#include "argmax.h"

#include <float.h>
#include <math.h>

// x86-64 builds carry an AVX2 copy of each loop, chosen when the library is loaded.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define RTV_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define RTV_CLONES
#endif

static void argmax_plain(const float* scores, int32_t cells, int32_t classes, uint8_t* out) {
  for (int32_t i = 0; i < cells; i++, scores += classes) {
    float top = -INFINITY;
    int32_t at = 0;
    for (int32_t c = 0; c < classes; c++) {
      if (scores[c] > top) top = scores[c], at = c;
    }
    out[i] = (uint8_t)at;
  }
}

// The wide versions find a cell's greatest score, then the least class that
// has it. The last group of a cell overlaps the one before, so that none reads
// past the cell. They start at -FLT_MAX, so that -infinity alone equals nothing
// and leaves class 0, as in the plain version.

#if defined(__x86_64__)
#include <immintrin.h>

enum { WIDE = 8 };

static int wide_supported(void) { return __builtin_cpu_supports("avx2"); }

__attribute__((target("avx2"))) static inline __m256i candidates(const float* scores, int32_t c, __m256 top) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i not_equal = _mm256_castps_si256(_mm256_cmp_ps(_mm256_loadu_ps(scores + c), top, _CMP_NEQ_UQ));
  return _mm256_or_si256(not_equal, _mm256_add_epi32(lane, _mm256_set1_epi32(c)));
}

__attribute__((target("avx2"))) static void argmax_wide(const float* scores, int32_t cells, int32_t classes,
                                                        uint8_t* out) {
  const int32_t last = classes - WIDE;
  for (int32_t i = 0; i < cells; i++, scores += classes) {
    // Of a NaN and a number, max gives its second operand.
    __m256 top = _mm256_max_ps(_mm256_loadu_ps(scores + last), _mm256_set1_ps(-FLT_MAX));
    for (int32_t c = 0; c < last; c += WIDE) top = _mm256_max_ps(_mm256_loadu_ps(scores + c), top);
    top = _mm256_max_ps(top, _mm256_permute2f128_ps(top, top, 1));
    top = _mm256_max_ps(top, _mm256_permute_ps(top, 0x4E));
    top = _mm256_max_ps(top, _mm256_permute_ps(top, 0xB1));

    __m256i at = candidates(scores, last, top);
    for (int32_t c = 0; c < last; c += WIDE) at = _mm256_min_epu32(at, candidates(scores, c, top));
    __m128i least = _mm_min_epu32(_mm256_castsi256_si128(at), _mm256_extracti128_si256(at, 1));
    least = _mm_min_epu32(least, _mm_shuffle_epi32(least, 0x4E));
    least = _mm_min_epu32(least, _mm_shuffle_epi32(least, 0xB1));
    const int32_t found = _mm_cvtsi128_si32(least);
    out[i] = (uint8_t)(found < 0 ? 0 : found);
  }
}

#elif defined(__aarch64__)
#include <arm_neon.h>

enum { WIDE = 4 };

static int wide_supported(void) { return 1; }

static inline uint32x4_t candidates(const float* scores, int32_t c, float32x4_t top, uint32x4_t lane) {
  return vornq_u32(vaddq_u32(lane, vdupq_n_u32((uint32_t)c)), vceqq_f32(vld1q_f32(scores + c), top));
}

static void argmax_wide(const float* scores, int32_t cells, int32_t classes, uint8_t* out) {
  static const uint32_t lanes[WIDE] = {0, 1, 2, 3};
  const uint32x4_t lane = vld1q_u32(lanes);
  const int32_t last = classes - WIDE;
  for (int32_t i = 0; i < cells; i++, scores += classes) {
    float32x4_t top = vmaxnmq_f32(vld1q_f32(scores + last), vdupq_n_f32(-FLT_MAX));
    for (int32_t c = 0; c < last; c += WIDE) top = vmaxnmq_f32(vld1q_f32(scores + c), top);
    top = vdupq_n_f32(vmaxnmvq_f32(top));

    uint32x4_t at = candidates(scores, last, top, lane);
    for (int32_t c = 0; c < last; c += WIDE) at = vminq_u32(at, candidates(scores, c, top, lane));
    const int32_t found = (int32_t)vminvq_u32(at);
    out[i] = (uint8_t)(found < 0 ? 0 : found);
  }
}

#else

enum { WIDE = 256 };

static int wide_supported(void) { return 0; }
static void argmax_wide(const float* scores, int32_t cells, int32_t classes, uint8_t* out) {}

#endif

void rtv_argmax_float(const float* scores, int32_t cells, int32_t classes, uint8_t* out) {
  if (classes >= WIDE && wide_supported())
    argmax_wide(scores, cells, classes, out);
  else
    argmax_plain(scores, cells, classes, out);
}

RTV_CLONES void rtv_argmax_byte(const uint8_t* scores, uint8_t flip, int32_t cells, int32_t classes, uint8_t* out) {
  for (int32_t i = 0; i < cells; i++, scores += classes) {
    // Score above class, the class counted down so that the first wins a tie.
    uint16_t top = 0;
    for (int32_t c = 0; c < classes; c++) {
      const uint16_t key = (uint16_t)((scores[c] ^ flip) << 8 | (255 - c));
      top = key > top ? key : top;
    }
    out[i] = (uint8_t)(255 - (top & 255));
  }
}
