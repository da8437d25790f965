#define _GNU_SOURCE
#include "delegate.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The callback of an external delegate has no argument to tell them apart by.
static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;
static char said[2048];

static void say(const char* text) {
  if (text == NULL) return;
  pthread_mutex_lock(&said_lock);
  size_t used = strlen(said);
  if (used + 2 < sizeof said) {
    snprintf(said + used, sizeof said - used, "%s%s", used > 0 ? "\n" : "", text);
  }
  pthread_mutex_unlock(&said_lock);
}

void inference_said(char* text, size_t room) {
  pthread_mutex_lock(&said_lock);
  snprintf(text, room, "%s", said);
  said[0] = 0;
  pthread_mutex_unlock(&said_lock);
}

int inference_plugin_load(const char* file, inference_plugin* plugin, char* error, size_t room) {
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    const char* why = dlerror();
    snprintf(error, room, "%s", why != NULL ? why : "it cannot be loaded");
    return -1;
  }
  plugin->create = (TfLiteDelegate * (*)(char**, char**, size_t, void (*)(const char*)))
      dlsym(library, "tflite_plugin_create_delegate");
  plugin->destroy = (void (*)(TfLiteDelegate*))dlsym(library, "tflite_plugin_destroy_delegate");
  return plugin->create == NULL || plugin->destroy == NULL;
}

TfLiteDelegate* inference_plugin_create(const inference_plugin* plugin, char** keys, char** values, size_t count) {
  return plugin->create(keys, values, count, say);
}

void inference_plugin_destroy(const inference_plugin* plugin, TfLiteDelegate* delegate) { plugin->destroy(delegate); }

// holds looks for a function among the parts of a library that may run.
static int holds(struct dl_phdr_info* library, size_t size, void* function) {
  for (int i = 0; i < library->dlpi_phnum; i++) {
    const ElfW(Phdr)* part = &library->dlpi_phdr[i];
    uintptr_t from = library->dlpi_addr + part->p_vaddr, at = (uintptr_t)function;
    if (part->p_type == PT_LOAD && (part->p_flags & PF_X) && at >= from && at < from + part->p_memsz) return 1;
  }
  return 0;
}

static bool is_code(const void* function) { return dl_iterate_phdr(holds, (void*)function) != 0; }

bool inference_delegate_sound(const TfLiteDelegate* d) {
  if (d->opaque != NULL) return is_code((const void*)d->opaque->Prepare);
  return is_code((const void*)d->Prepare);
}

static TfLiteStatus prepare_inner(TfLiteContext* context, TfLiteDelegate* d) {
  if (d->opaque != NULL && d->opaque->Prepare != NULL) return d->opaque->Prepare(context, d, d->opaque->data);
  return d->Prepare(context, d);
}

// note keeps the operators that are about to run.
static void note(inference_watch* w, TfLiteContext* context) {
  TfLiteIntArray* plan = NULL;
  free(w->nodes);
  w->nodes = NULL;
  w->count = w->partitions = 0;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return;
  w->nodes = calloc(plan->size > 0 ? plan->size : 1, sizeof *w->nodes);
  if (w->nodes == NULL) return;
  w->count = plan->size;
  for (int i = 0; i < w->count; i++) w->nodes[i].index = plan->data[i];
  for (int i = 0; i < w->count; i++) {
    TfLiteNode* node = NULL;
    TfLiteRegistration* kernel = NULL;
    if (context->GetNodeAndRegistration(context, w->nodes[i].index, &node, &kernel) != kTfLiteOk) continue;
    w->nodes[i].code = kernel->builtin_code;
    if (kernel->custom_name != NULL) snprintf(w->nodes[i].name, sizeof w->nodes[i].name, "%s", kernel->custom_name);
  }
}

// compare marks the operators that run no more, and counts what runs instead.
static void compare(inference_watch* w, TfLiteContext* context) {
  TfLiteIntArray* plan = NULL;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return;
  int stayed = 0;
  for (int i = 0; i < w->count; i++) {
    bool found = false;
    for (int k = 0; k < plan->size && !found; k++) found = plan->data[k] == w->nodes[i].index;
    w->nodes[i].delegated = !found;
    stayed += found;
  }
  w->partitions = plan->size - stayed;
}

static TfLiteStatus prepare(TfLiteContext* context, TfLiteDelegate* outer) {
  inference_watch* w = (inference_watch*)outer;
  if (w->graph == NULL) w->graph = context;
  bool first = w->graph == context;
  if (first) note(w, context);
  TfLiteStatus status = prepare_inner(context, w->inner);
  if (first && status == kTfLiteOk) compare(w, context);
  return status;
}

inference_watch* inference_watch_new(TfLiteDelegate* inner) {
  inference_watch* w = calloc(1, sizeof *w);
  if (w == NULL) return NULL;
  w->inner = inner;
  w->outer.Prepare = prepare;
  w->outer.flags = inner->opaque != NULL ? inner->opaque->flags : inner->flags;
  return w;
}

void inference_watch_free(inference_watch* w) {
  free(w->nodes);
  free(w);
}
