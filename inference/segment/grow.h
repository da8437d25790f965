// Which class is strongest in each cell of a map that is still to be resized:
// the classes of a bilinear enlargement of a grid of scores, without making it.
#ifndef RTV_GROW_H
#define RTV_GROW_H

#include <stdint.h>

// A row or column of the map lies at part of the way from row or column lo of
// the grid to hi; part is also given in 2048ths.
typedef struct {
  int32_t lo, hi;
  float part;
  int32_t part2048;
} rtv_place;

// Scores lie class by class (2 to 256) within a cell of the grid, row by row of
// width cells; top has the strongest class of each. out becomes rows * columns
// classes: the first of those that are strongest after resizing, real numbers
// as tl + (tr - tl) * x and so on, bytes rounded to bytes. Places in between
// equal tops have that class whatever they are, since what is less at four
// corners is less between them.
void rtv_grow_float(const float* scores, const uint8_t* top, int32_t width, int32_t classes,
                    const rtv_place* column, int32_t columns, const rtv_place* row, int32_t rows, uint8_t* out);

// The same for bytes; flip is 0 for uint8 and 0x80 for int8.
void rtv_grow_byte(const uint8_t* scores, uint8_t flip, const uint8_t* top, int32_t width, int32_t classes,
                   const rtv_place* column, int32_t columns, const rtv_place* row, int32_t rows, uint8_t* out);

#endif
