// Which class is strongest in each cell of a segmentation head's output.
// Scores lie class by class within a cell, cell after cell.
#ifndef RTV_ARGMAX_H
#define RTV_ARGMAX_H

#include <stdint.h>

// out[i] becomes the first of the greatest of the cell's scores, of which
// there are 1 to 256. NaN is less than everything; a cell of nothing else is class 0.
void rtv_argmax_float(const float* scores, int32_t cells, int32_t classes, uint8_t* out);

// The same for bytes; flip is 0 for uint8 and 0x80 for int8.
void rtv_argmax_byte(const uint8_t* scores, uint8_t flip, int32_t cells, int32_t classes, uint8_t* out);

#endif
