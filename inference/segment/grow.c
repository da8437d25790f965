#include "grow.h"

#include <math.h>
#include <string.h>

// x86-64 builds carry an AVX2 copy of each loop, chosen when the library is loaded.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define RTV_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define RTV_CLONES
#endif

enum { MOST = 256, RUN = 32 };

// A patch is the part of the map between four cells of the grid, or a piece of
// it that is at most RUN wide.
typedef struct {
  int32_t at[4];  // where the scores of the cells begin: top left, top right, bottom left, bottom right
  const rtv_place *column, *row;
  int32_t columns, rows, stride;
  uint8_t* out;
} patch;

typedef void (*resize)(const void* scores, uint8_t flip, int32_t classes, const uint8_t top[4], const patch* p);

// unbeaten lists the classes that are not beaten.
static inline int32_t unbeaten(const uint8_t* beaten, int32_t classes, uint8_t* kept) {
  int32_t n = 0;
  for (int32_t k = 0; k < classes; k++) {
    kept[n] = (uint8_t)k;
    n += !beaten[k];
  }
  return n;
}

// The classes that may be strongest somewhere: not below one of the tops at all
// four cells.
RTV_CLONES static int32_t hopeful_float(const float* s, const int32_t at[4], int32_t classes, const uint8_t top[4],
                                        uint8_t* kept) {
  uint8_t beaten[MOST] = {0};
  for (int i = 0; i < 4; i++) {
    const int32_t t = top[i];
    const float a = s[at[0] + t], b = s[at[1] + t], c = s[at[2] + t], d = s[at[3] + t];
    for (int32_t k = 0; k < classes; k++)
      beaten[k] |= (a > s[at[0] + k]) & (b > s[at[1] + k]) & (c > s[at[2] + k]) & (d > s[at[3] + k]);
  }
  return unbeaten(beaten, classes, kept);
}

RTV_CLONES static void resize_float(const void* scores, uint8_t flip, int32_t classes, const uint8_t top[4],
                                    const patch* p) {
  const float* s = scores;
  uint8_t kept[MOST];
  const int32_t n = hopeful_float(s, p->at, classes, top, kept);
  float best[RUN], part[RUN];
  int32_t found[RUN];
  for (int32_t x = 0; x < p->columns; x++) part[x] = p->column[x].part;
  for (int32_t y = 0; y < p->rows; y++) {
    const float down = p->row[y].part;
    for (int32_t x = 0; x < p->columns; x++) best[x] = -INFINITY, found[x] = 0;
    for (int32_t i = 0; i < n; i++) {
      const int32_t k = kept[i];
      const float tl = s[p->at[0] + k], tr = s[p->at[1] + k], bl = s[p->at[2] + k], br = s[p->at[3] + k];
      for (int32_t x = 0; x < p->columns; x++) {
        const float upper = tl + (tr - tl) * part[x], lower = bl + (br - bl) * part[x];
        const float v = upper + (lower - upper) * down;
        found[x] = v > best[x] ? k : found[x];
        best[x] = v > best[x] ? v : best[x];
      }
    }
    for (int32_t x = 0; x < p->columns; x++) p->out[y * p->stride + x] = (uint8_t)found[x];
  }
}

RTV_CLONES static int32_t hopeful_byte(const uint8_t* s, uint8_t flip, const int32_t at[4], int32_t classes,
                                       const uint8_t top[4], uint8_t* kept) {
  uint8_t beaten[MOST] = {0};
  for (int i = 0; i < 4; i++) {
    const int32_t t = top[i];
    const uint8_t a = s[at[0] + t] ^ flip, b = s[at[1] + t] ^ flip, c = s[at[2] + t] ^ flip, d = s[at[3] + t] ^ flip;
    for (int32_t k = 0; k < classes; k++)
      beaten[k] |= (a > (uint8_t)(s[at[0] + k] ^ flip)) & (b > (uint8_t)(s[at[1] + k] ^ flip)) &
                   (c > (uint8_t)(s[at[2] + k] ^ flip)) & (d > (uint8_t)(s[at[3] + k] ^ flip));
  }
  return unbeaten(beaten, classes, kept);
}

RTV_CLONES static void resize_byte(const void* scores, uint8_t flip, int32_t classes, const uint8_t top[4],
                                   const patch* p) {
  const uint8_t* s = scores;
  uint8_t kept[MOST];
  const int32_t n = hopeful_byte(s, flip, p->at, classes, top, kept);
  int32_t best[RUN], part[RUN], found[RUN];
  for (int32_t x = 0; x < p->columns; x++) part[x] = p->column[x].part2048;
  for (int32_t y = 0; y < p->rows; y++) {
    const int32_t down = p->row[y].part2048;
    for (int32_t x = 0; x < p->columns; x++) best[x] = -1, found[x] = 0;
    for (int32_t i = 0; i < n; i++) {
      const int32_t k = kept[i];
      const int32_t tl = s[p->at[0] + k] ^ flip, tr = s[p->at[1] + k] ^ flip, bl = s[p->at[2] + k] ^ flip,
                    br = s[p->at[3] + k] ^ flip;
      for (int32_t x = 0; x < p->columns; x++) {
        const int32_t upper = tl * 2048 + (tr - tl) * part[x], lower = bl * 2048 + (br - bl) * part[x];
        const int32_t v = (upper * 2048 + (lower - upper) * down + (1 << 21)) >> 22;
        found[x] = v > best[x] ? k : found[x];
        best[x] = v > best[x] ? v : best[x];
      }
    }
    for (int32_t x = 0; x < p->columns; x++) p->out[y * p->stride + x] = (uint8_t)found[x];
  }
}

// run is how many places from the first on lie between the same two.
static int32_t run(const rtv_place* place, int32_t n) {
  int32_t i = 1;
  while (i < n && place[i].lo == place[0].lo && place[i].hi == place[0].hi) i++;
  return i;
}

static void grow(const void* scores, uint8_t flip, resize mixed, const uint8_t* top, int32_t width, int32_t classes,
                 const rtv_place* column, int32_t columns, const rtv_place* row, int32_t rows, uint8_t* out) {
  patch p = {.stride = columns};
  for (int32_t y = 0; y < rows; y += p.rows) {
    p.row = row + y;
    p.rows = run(p.row, rows - y);
    const int32_t upper = p.row->lo * width, lower = p.row->hi * width;
    for (int32_t x = 0; x < columns; x += p.columns) {
      p.column = column + x;
      p.columns = run(p.column, columns - x < RUN ? columns - x : RUN);
      p.out = out + y * columns + x;
      const int32_t cell[4] = {upper + p.column->lo, upper + p.column->hi, lower + p.column->lo, lower + p.column->hi};
      const uint8_t tops[4] = {top[cell[0]], top[cell[1]], top[cell[2]], top[cell[3]]};
      if (tops[0] == tops[1] && tops[0] == tops[2] && tops[0] == tops[3]) {
        for (int32_t i = 0; i < p.rows; i++) memset(p.out + i * columns, tops[0], (size_t)p.columns);
        continue;
      }
      for (int i = 0; i < 4; i++) p.at[i] = cell[i] * classes;
      mixed(scores, flip, classes, tops, &p);
    }
  }
}

void rtv_grow_float(const float* scores, const uint8_t* top, int32_t width, int32_t classes, const rtv_place* column,
                    int32_t columns, const rtv_place* row, int32_t rows, uint8_t* out) {
  grow(scores, 0, resize_float, top, width, classes, column, columns, row, rows, out);
}

void rtv_grow_byte(const uint8_t* scores, uint8_t flip, const uint8_t* top, int32_t width, int32_t classes,
                   const rtv_place* column, int32_t columns, const rtv_place* row, int32_t rows, uint8_t* out) {
  grow(scores, flip, resize_byte, top, width, classes, column, columns, row, rows, out);
}
