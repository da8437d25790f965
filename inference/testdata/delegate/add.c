/*
 * An external delegate that adds: it takes the ADDs of floats of one shape and
 * leaves the rest. It shows the way from the command line to a delegate's kernel
 * and back, and, told so, what a bad delegate does. Options:
 *   most=N       take no more than N operators
 *   mode=reject  refuse the network      mode=abort   abort while it is prepared
 *   mode=hang    never come back         mode=crash   write where there is no memory
 *   mode=late    abort at the first run  mode=wrong   add one too much
 *   mode=exit    end the process, as if it had failed, without a word
 *   mode=leave   end it as if all were well
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../delegate.h"

enum { kAdd = 0, kRelu = 1, kRelu6 = 3 };

typedef struct {
  TfLiteDelegate delegate; /* first, so that one points to the other */
  char mode[16];
  int most;
  void (*report)(const char*);
} adder;

/* What the library gives a delegate's kernel to begin with. */
typedef struct {
  TfLiteDelegate* delegate;
  TfLiteIntArray* nodes;
  TfLiteIntArray* inputs;
  TfLiteIntArray* outputs;
} part;

typedef struct {
  int a, b, out, activation;
  float* own; /* memory of a result that no other operator reads, or NULL */
} addition;

typedef struct {
  adder* by;
  int count;
  addition* list;
} kernel;

static float* numbers(TfLiteContext* context, kernel* k, int tensor) {
  for (int i = 0; i < k->count; i++) {
    if (k->list[i].out == tensor && k->list[i].own != NULL) return k->list[i].own;
  }
  return context->tensors[tensor].data.f;
}

static void* init(TfLiteContext* context, const char* buffer, size_t length) {
  const part* p = (const part*)buffer;
  kernel* k = calloc(1, sizeof *k);
  k->by = (adder*)p->delegate;
  k->count = p->nodes->size;
  k->list = calloc(k->count, sizeof *k->list);
  for (int i = 0; i < k->count; i++) {
    TfLiteNode* node;
    TfLiteRegistration* op;
    context->GetNodeAndRegistration(context, p->nodes->data[i], &node, &op);
    addition* a = &k->list[i];
    *a = (addition){node->inputs->data[0], node->inputs->data[1], node->outputs->data[0], *(int*)node->builtin_data, NULL};
    int shown = 0;
    for (int o = 0; o < p->outputs->size; o++) shown |= p->outputs->data[o] == a->out;
    if (!shown) a->own = malloc(context->tensors[a->out].bytes);
  }
  return k;
}

static void kernel_free(TfLiteContext* context, void* buffer) {
  kernel* k = buffer;
  for (int i = 0; i < k->count; i++) free(k->list[i].own);
  free(k->list);
  free(k);
}

static TfLiteStatus invoke(TfLiteContext* context, TfLiteNode* node) {
  kernel* k = node->user_data;
  if (strcmp(k->by->mode, "late") == 0) abort();
  float more = strcmp(k->by->mode, "wrong") == 0;
  for (int i = 0; i < k->count; i++) {
    addition* add = &k->list[i];
    const float *a = numbers(context, k, add->a), *b = numbers(context, k, add->b);
    float* out = numbers(context, k, add->out);
    size_t n = context->tensors[add->out].bytes / sizeof(float);
    for (size_t j = 0; j < n; j++) {
      float v = a[j] + b[j] + more;
      if (add->activation != 0 && v < 0) v = 0;
      if (add->activation == kRelu6 && v > 6) v = 6;
      out[j] = v;
    }
  }
  return kTfLiteOk;
}

static TfLiteStatus kernel_prepare(TfLiteContext* context, TfLiteNode* node) { return kTfLiteOk; }

static int takes(TfLiteContext* context, const TfLiteNode* node, const TfLiteRegistration* op) {
  if (op->builtin_code != kAdd || op->custom_name != NULL) return 0;
  int activation = *(int*)node->builtin_data;
  const TfLiteTensor *a = &context->tensors[node->inputs->data[0]], *b = &context->tensors[node->inputs->data[1]];
  return a->type == kTfLiteFloat32 && b->type == kTfLiteFloat32 && a->bytes == b->bytes &&
         (activation == 0 || activation == kRelu || activation == kRelu6);
}

static TfLiteStatus prepare(TfLiteContext* context, TfLiteDelegate* delegate) {
  adder* by = (adder*)delegate;
  if (strcmp(by->mode, "abort") == 0) abort();
  if (strcmp(by->mode, "crash") == 0) *(volatile int*)8 = 1;
  while (strcmp(by->mode, "hang") == 0) sleep(1);
  if (strcmp(by->mode, "exit") == 0) _exit(1);
  if (strcmp(by->mode, "leave") == 0) _exit(0);
  if (strcmp(by->mode, "reject") == 0) {
    by->report("this network is too odd to add");
    return kTfLiteError;
  }
  TfLiteIntArray* plan;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  TfLiteIntArray* mine = malloc(sizeof *mine + plan->size * sizeof(int));
  mine->size = 0;
  for (int i = 0; i < plan->size; i++) {
    TfLiteNode* node;
    TfLiteRegistration* op;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node, &op) != kTfLiteOk) continue;
    if (mine->size < by->most && takes(context, node, op)) mine->data[mine->size++] = plan->data[i];
  }
  char text[64];
  snprintf(text, sizeof text, "takes %d of %d operators", mine->size, plan->size);
  by->report(text);
  puts("a line on standard output");
  fflush(stdout);
  TfLiteRegistration op = {.init = init, .free = kernel_free, .prepare = kernel_prepare, .invoke = invoke,
                           .custom_name = "Adder", .version = 1};
  TfLiteStatus status = context->ReplaceNodeSubsetsWithDelegateKernels(context, op, mine, delegate);
  free(mine);
  return status;
}

TfLiteDelegate* tflite_plugin_create_delegate(char** keys, char** values, size_t count, void (*report)(const char*)) {
  adder* by = calloc(1, sizeof *by);
  by->delegate.Prepare = prepare;
  by->most = 1 << 20;
  by->report = report;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(keys[i], "most") == 0) {
      by->most = atoi(values[i]);
    } else if (strcmp(keys[i], "mode") == 0) {
      snprintf(by->mode, sizeof by->mode, "%s", values[i]);
    } else {
      report("unknown option");
      free(by);
      return NULL;
    }
  }
  return &by->delegate;
}

void tflite_plugin_destroy_delegate(TfLiteDelegate* delegate) { free(delegate); }
