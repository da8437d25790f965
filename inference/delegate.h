/*
 * External delegates, and watching what a delegate does to a graph. Layouts are
 * those of the TensorFlow Lite 2.17 C ABI.
 */
#ifndef RTV_DELEGATE_H
#define RTV_DELEGATE_H

#include "tensorflow/lite/c/c_api.h"

/* A delegate written against the opaque API keeps its functions here. */
struct TfLiteOpaqueDelegateBuilder {
  void* data;
  TfLiteStatus (*Prepare)(void* context, void* delegate, void* data);
  void* CopyFromBufferHandle;
  void* CopyToBufferHandle;
  void* FreeBufferHandle;
  int64_t flags;
};

struct TfLiteDelegate {
  void* data;
  TfLiteStatus (*Prepare)(TfLiteContext* context, TfLiteDelegate* delegate);
  void* CopyFromBufferHandle;
  void* CopyToBufferHandle;
  void* FreeBufferHandle;
  int64_t flags;
  struct TfLiteOpaqueDelegateBuilder* opaque;
};

typedef struct {
  TfLiteDelegate* (*create)(char** keys, char** values, size_t count, void (*report)(const char*));
  void (*destroy)(TfLiteDelegate* delegate);
} inference_plugin;

/* Loads the library, which stays loaded. Returns 0, or -1 with what the loader
 * says in error, or 1 when it lacks one of the two entry points. */
int inference_plugin_load(const char* file, inference_plugin* plugin, char* error, size_t room);

/* Makes a delegate. What it reports from then on is kept for inference_said. */
TfLiteDelegate* inference_plugin_create(const inference_plugin* plugin, char** keys, char** values, size_t count);
void inference_plugin_destroy(const inference_plugin* plugin, TfLiteDelegate* delegate);

/* Whether the delegate's functions are code. */
bool inference_delegate_sound(const TfLiteDelegate* delegate);

/* Moves what external delegates have reported since the last call to text. */
void inference_said(char* text, size_t room);

/* An operator of the graph before the delegate changed it. */
typedef struct {
  int index;
  int32_t code; /* of a built-in operator */
  char name[64]; /* of a custom one */
  bool delegated;
} inference_node;

/* A delegate that has another one do the work and looks at the graph before
 * and after. */
typedef struct {
  TfLiteDelegate outer; /* what the library is given */
  TfLiteDelegate* inner;
  TfLiteContext* graph; /* the first one it was asked to prepare */
  inference_node* nodes;
  int count;
  int partitions; /* steps that the delegate has put in their place */
} inference_watch;

inference_watch* inference_watch_new(TfLiteDelegate* inner);
void inference_watch_free(inference_watch* watch);

#endif
