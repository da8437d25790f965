/*
 * Reference kernels: convolutions and fully connected layers as plain loops on
 * one core, the arithmetic as the TensorFlow Lite quantization specification
 * has it.
 */
#ifndef RTV_REFERENCE_H
#define RTV_REFERENCE_H

#include "delegate.h"

/* A delegate that takes every CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of
 * 32-bit floats or of 8-bit numbers, and nothing else. */
TfLiteDelegate* inference_reference_new(void);
void inference_reference_free(TfLiteDelegate* delegate);

#endif
