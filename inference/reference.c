#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { kConv = 3, kDepthwise = 4, kFullyConnected = 9 };
enum { kSame = 1 };
enum { kNone = 0, kRelu = 1, kReluN1To1 = 2, kRelu6 = 3 };

// The library's own structs, which it fills from the file.
typedef struct {
  int padding, stride_w, stride_h, activation, dilation_w, dilation_h;
} conv_params;

typedef struct {
  int padding, stride_w, stride_h, multiplier, activation, dilation_w, dilation_h;
} depthwise_params;

typedef struct {
  int activation, weights_format;
} full_params;

// One layer. A fully connected one is a 1x1 convolution of pictures of one point.
typedef struct {
  int in, filter, bias, out; // tensors; bias is -1 for none
  int batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w;
  int stride_h, stride_w, dilation_h, dilation_w, pad_h, pad_w, activation;
  bool depthwise;
  int multiplier;             // results that a depthwise convolution makes of each input channel
  int32_t in_zero, filter_zero, out_zero, least, most;
  int32_t* factor;            // of each output channel, with 31 bits after the point
  int* shift;                 // to the left
} layer;

typedef struct {
  TfLiteDelegate* delegate;
  TfLiteIntArray* nodes;
} part;

// multiply is x * factor * 2^(shift-31), rounded as the specification has it.
static int32_t multiply(int32_t x, int32_t factor, int shift) {
  int64_t product = (int64_t)(x * (1 << (shift > 0 ? shift : 0))) * factor;
  int32_t high = (int32_t)((product + (product >= 0 ? 1 << 30 : 1 - (1 << 30))) / (INT64_C(1) << 31));
  if (shift >= 0) return high;
  int32_t mask = (int32_t)((INT64_C(1) << -shift) - 1), rest = high & mask;
  return (high >> -shift) + (rest > (mask >> 1) + (high < 0));
}

static void split_scale(double scale, int32_t* factor, int* shift) {
  int64_t q = (int64_t)round(frexp(scale, shift) * (INT64_C(1) << 31));
  if (q == INT64_C(1) << 31) {
    q /= 2;
    ++*shift;
  }
  if (*shift < -31) *shift = 0, q = 0;
  *factor = (int32_t)q;
}

static int32_t quantized(const TfLiteTensor* t, float v) { return t->params.zero_point + (int32_t)roundf(v / t->params.scale); }

static void set_range(layer* l, const TfLiteTensor* out) {
  bool is_signed = out->type == kTfLiteInt8;
  l->least = is_signed ? -128 : 0;
  l->most = is_signed ? 127 : 255;
  float low = l->activation == kReluN1To1 ? -1 : 0, high = l->activation == kRelu6 ? 6 : 1;
  if (l->activation == kNone) return;
  int32_t v = quantized(out, low);
  if (v > l->least) l->least = v;
  if (l->activation == kRelu) return;
  v = quantized(out, high);
  if (v < l->most) l->most = v;
}

static int out_channels(const TfLiteTensor* filter, bool depthwise) { return filter->dims->data[depthwise ? 3 : 0]; }

// set_factors prepares the way from sums to results; false when memory runs out.
static bool set_factors(layer* l, const TfLiteTensor* in, const TfLiteTensor* filter, const TfLiteTensor* out) {
  const TfLiteAffineQuantization* q = filter->quantization.params;
  l->factor = calloc(l->out_c, sizeof *l->factor);
  l->shift = calloc(l->out_c, sizeof *l->shift);
  if (l->factor == NULL || l->shift == NULL) return false;
  for (int c = 0; c < l->out_c; c++) {
    float scale = q->scale->data[q->scale->size > 1 ? c : 0];
    split_scale((double)in->params.scale * (double)scale / (double)out->params.scale, &l->factor[c], &l->shift[c]);
  }
  l->in_zero = in->params.zero_point;
  l->filter_zero = filter->params.zero_point;
  l->out_zero = out->params.zero_point;
  set_range(l, out);
  return true;
}

static int padding(int kind, int in, int out, int kernel, int stride, int dilation) {
  int need = (out - 1) * stride + (kernel - 1) * dilation + 1 - in;
  return kind == kSame && need > 0 ? need / 2 : 0;
}

static void layer_free(TfLiteContext* context, void* buffer) {
  layer* l = buffer;
  if (l == NULL) return;
  free(l->factor);
  free(l->shift);
  free(l);
}

static void set_window(layer* l, int kind) {
  l->pad_h = padding(kind, l->in_h, l->out_h, l->k_h, l->stride_h, l->dilation_h);
  l->pad_w = padding(kind, l->in_w, l->out_w, l->k_w, l->stride_w, l->dilation_w);
}

static void set_shape(layer* l, const TfLiteTensor* in, const TfLiteTensor* filter, const TfLiteTensor* out) {
  const int *i = in->dims->data, *f = filter->dims->data, *o = out->dims->data;
  l->batches = i[0], l->in_h = i[1], l->in_w = i[2], l->in_c = i[3];
  l->out_h = o[1], l->out_w = o[2], l->out_c = o[3];
  l->k_h = f[1], l->k_w = f[2];
}

static void* init(TfLiteContext* context, const char* buffer, size_t length) {
  TfLiteNode* node;
  TfLiteRegistration* op;
  if (context->GetNodeAndRegistration(context, ((const part*)buffer)->nodes->data[0], &node, &op) != kTfLiteOk) return NULL;
  layer* l = calloc(1, sizeof *l);
  if (l == NULL) return NULL;
  l->in = node->inputs->data[0], l->filter = node->inputs->data[1], l->out = node->outputs->data[0];
  l->bias = node->inputs->size > 2 ? node->inputs->data[2] : -1;
  const TfLiteTensor *in = &context->tensors[l->in], *filter = &context->tensors[l->filter], *out = &context->tensors[l->out];
  l->multiplier = 1;
  if (op->builtin_code == kFullyConnected) {
    l->in_c = filter->dims->data[1], l->out_c = filter->dims->data[0];
    l->batches = (int)(out->bytes / (out->type == kTfLiteFloat32 ? sizeof(float) : 1)) / l->out_c;
    l->in_h = l->in_w = l->out_h = l->out_w = l->k_h = l->k_w = 1;
    l->stride_h = l->stride_w = l->dilation_h = l->dilation_w = 1;
    l->activation = ((const full_params*)node->builtin_data)->activation;
  } else if (op->builtin_code == kDepthwise) {
    const depthwise_params* p = node->builtin_data;
    set_shape(l, in, filter, out);
    l->depthwise = true;
    l->multiplier = l->out_c / l->in_c;
    l->stride_h = p->stride_h, l->stride_w = p->stride_w, l->dilation_h = p->dilation_h, l->dilation_w = p->dilation_w;
    l->activation = p->activation;
    set_window(l, p->padding);
  } else {
    const conv_params* p = node->builtin_data;
    set_shape(l, in, filter, out);
    l->stride_h = p->stride_h, l->stride_w = p->stride_w, l->dilation_h = p->dilation_h, l->dilation_w = p->dilation_w;
    l->activation = p->activation;
    set_window(l, p->padding);
  }
  if (in->type != kTfLiteFloat32 && !set_factors(l, in, filter, out)) {
    layer_free(context, l);
    return NULL;
  }
  return l;
}

// EACH goes through the layer and leaves in sum what SUM adds up for each
// result; x and w are places in the input and in the filter.
#define EACH(l, KIND, SUM, STORE)                                                                              \
  for (int b = 0; b < l->batches; b++)                                                                         \
    for (int y = 0; y < l->out_h; y++)                                                                         \
      for (int px = 0; px < l->out_w; px++)                                                                    \
        for (int c = 0; c < l->out_c; c++) {                                                                   \
          KIND sum = 0;                                                                                        \
          for (int ky = 0; ky < l->k_h; ky++) {                                                                \
            int iy = y * l->stride_h - l->pad_h + ky * l->dilation_h;                                          \
            if (iy < 0 || iy >= l->in_h) continue;                                                             \
            for (int kx = 0; kx < l->k_w; kx++) {                                                              \
              int ix = px * l->stride_w - l->pad_w + kx * l->dilation_w;                                       \
              if (ix < 0 || ix >= l->in_w) continue;                                                           \
              size_t x = (((size_t)b * l->in_h + iy) * l->in_w + ix) * l->in_c;                                \
              if (l->depthwise) {                                                                              \
                size_t w = ((size_t)ky * l->k_w + kx) * l->out_c + c;                                          \
                x += c / l->multiplier;                                                                        \
                SUM;                                                                                           \
                continue;                                                                                      \
              }                                                                                                \
              size_t w = (((size_t)c * l->k_h + ky) * l->k_w + kx) * l->in_c;                                  \
              for (int i = 0; i < l->in_c; i++, x++, w++) SUM;                                                 \
            }                                                                                                  \
          }                                                                                                    \
          size_t o = (((size_t)b * l->out_h + y) * l->out_w + px) * l->out_c + c;                              \
          STORE;                                                                                               \
        }

static float activated(float v, int activation) {
  switch (activation) {
    case kRelu: return fmaxf(v, 0);
    case kRelu6: return fminf(fmaxf(v, 0), 6);
    case kReluN1To1: return fminf(fmaxf(v, -1), 1);
  }
  return v;
}

static void run_float(const layer* l, const float* in, const float* filter, const float* bias, float* out) {
  EACH(l, float, sum += in[x] * filter[w], out[o] = activated(sum + (bias != NULL ? bias[c] : 0), l->activation))
}

static int32_t requantized(const layer* l, int32_t sum, int c) {
  int32_t v = multiply(sum, l->factor[c], l->shift[c]) + l->out_zero;
  return v < l->least ? l->least : v > l->most ? l->most : v;
}

static void run_int8(const layer* l, const int8_t* in, const int8_t* filter, const int32_t* bias, int8_t* out) {
  EACH(l, int32_t, sum += (in[x] - l->in_zero) * filter[w], out[o] = requantized(l, sum + (bias != NULL ? bias[c] : 0), c))
}

static void run_uint8(const layer* l, const uint8_t* in, const uint8_t* filter, const int32_t* bias, uint8_t* out) {
  EACH(l, int32_t, sum += (in[x] - l->in_zero) * (filter[w] - l->filter_zero),
       out[o] = requantized(l, sum + (bias != NULL ? bias[c] : 0), c))
}

static TfLiteStatus invoke(TfLiteContext* context, TfLiteNode* node) {
  const layer* l = node->user_data;
  if (l == NULL) return kTfLiteError;
  const TfLiteTensor *in = &context->tensors[l->in], *filter = &context->tensors[l->filter];
  const TfLiteTensor* bias = l->bias >= 0 ? &context->tensors[l->bias] : NULL;
  TfLiteTensor* out = &context->tensors[l->out];
  const int32_t* whole = bias != NULL ? bias->data.i32 : NULL;
  switch (in->type) {
    case kTfLiteFloat32: run_float(l, in->data.f, filter->data.f, bias != NULL ? bias->data.f : NULL, out->data.f); break;
    case kTfLiteInt8: run_int8(l, in->data.int8, filter->data.int8, whole, out->data.int8); break;
    default: run_uint8(l, in->data.uint8, filter->data.uint8, whole, out->data.uint8);
  }
  return kTfLiteOk;
}

// scaled reports whether the tensor has as many scales as it needs.
static bool scaled(const TfLiteTensor* t, int channels) {
  const TfLiteAffineQuantization* q = t->quantization.params;
  if (t->quantization.type != kTfLiteAffineQuantization || q == NULL || q->scale == NULL) return false;
  return q->scale->size == 1 || q->scale->size == channels;
}

static bool takes(const TfLiteContext* context, const TfLiteNode* node, const TfLiteRegistration* op) {
  int code = op->builtin_code;
  bool full = code == kFullyConnected, depthwise = code == kDepthwise;
  if ((code != kConv && !full && !depthwise) || node->inputs->size < 2 || node->outputs->size != 1) return false;
  const TfLiteTensor *in = &context->tensors[node->inputs->data[0]], *filter = &context->tensors[node->inputs->data[1]];
  const TfLiteTensor *out = &context->tensors[node->outputs->data[0]], *bias = NULL;
  if (node->inputs->size > 2 && node->inputs->data[2] >= 0) bias = &context->tensors[node->inputs->data[2]];
  int rank = full ? 2 : 4;
  if (in->type != filter->type || in->type != out->type || filter->sparsity != NULL || filter->dims->size != rank) return false;
  if (in->allocation_type == kTfLiteDynamic || out->allocation_type == kTfLiteDynamic) return false;
  if (!full && (in->dims->size != 4 || out->dims->size != 4)) return false;
  if (code == kConv && filter->dims->data[3] != in->dims->data[3]) return false;
  if (depthwise && out->dims->data[3] % in->dims->data[3] != 0) return false;
  if (full && (((const full_params*)node->builtin_data)->weights_format != 0 || out->dims->size < 1)) return false;
  if (in->type == kTfLiteFloat32) return bias == NULL || bias->type == kTfLiteFloat32;
  int channels = out_channels(filter, depthwise);
  return (in->type == kTfLiteInt8 || in->type == kTfLiteUInt8) && (bias == NULL || bias->type == kTfLiteInt32) &&
         scaled(in, 1) && scaled(filter, channels) && scaled(out, 1);
}

static TfLiteStatus prepare_layer(TfLiteContext* context, TfLiteNode* node) {
  return node->user_data != NULL ? kTfLiteOk : kTfLiteError;
}

static TfLiteStatus prepare(TfLiteContext* context, TfLiteDelegate* delegate) {
  TfLiteIntArray* plan;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  int count = plan->size;
  int* nodes = malloc((count > 0 ? count : 1) * sizeof *nodes);
  TfLiteIntArray* one = malloc(sizeof *one + sizeof(int));
  if (nodes == NULL || one == NULL) {
    free(nodes);
    free(one);
    return kTfLiteError;
  }
  memcpy(nodes, plan->data, count * sizeof *nodes); // the plan changes beneath
  TfLiteStatus status = kTfLiteOk;
  for (int i = 0; i < count && status == kTfLiteOk; i++) {
    TfLiteNode* node;
    TfLiteRegistration* op;
    status = context->GetNodeAndRegistration(context, nodes[i], &node, &op);
    if (status != kTfLiteOk || !takes(context, node, op)) continue;
    TfLiteRegistration kernel = {.init = init, .free = layer_free, .prepare = prepare_layer, .invoke = invoke, .version = 1};
    kernel.custom_name = op->builtin_code == kConv ? "CONV_2D" : op->builtin_code == kDepthwise ? "DEPTHWISE_CONV_2D" : "FULLY_CONNECTED";
    one->size = 1;
    one->data[0] = nodes[i];
    status = context->ReplaceNodeSubsetsWithDelegateKernels(context, kernel, one, delegate);
  }
  free(nodes);
  free(one);
  return status;
}

TfLiteDelegate* inference_reference_new(void) {
  TfLiteDelegate* d = calloc(1, sizeof *d);
  if (d == NULL) return NULL;
  d->Prepare = prepare;
  d->flags = 1; // graphs with tensors whose sizes change are fine
  return d;
}

void inference_reference_free(TfLiteDelegate* delegate) { free(delegate); }
