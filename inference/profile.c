#include "profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void TfLiteInterpreterOptionsSetTelemetryProfiler(TfLiteInterpreterOptions* options, inference_profiler* profiler);

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static inference_event* add(inference_profile* p, const char* name, int64_t op) {
  if (p->count == p->room) {
    uint32_t room = p->room > 0 ? 2 * p->room : 256;
    inference_event* events = realloc(p->events, room * sizeof *events);
    if (events == NULL) return NULL;
    p->events = events;
    p->room = room;
  }
  inference_event* e = &p->events[p->count++];
  *e = (inference_event){.op = op};
  snprintf(e->name, sizeof e->name, "%s", name != NULL ? name : "");
  return e;
}

static void event(inference_profiler* p, const char* name, uint64_t status) {}
static void op_event(inference_profiler* p, const char* name, int64_t op, int64_t graph, uint64_t status) {}
static void settings(inference_profiler* p, const char* name, const void* s) {}

// What runs inside another operator, in a graph of its own, is part of that.
static uint32_t begin(inference_profiler* profiler, const char* name, int64_t op, int64_t graph) {
  inference_profile* p = (inference_profile*)profiler;
  inference_event* e = graph == 0 ? add(p, name, op) : NULL;
  if (e == NULL) return UINT32_MAX;
  e->ns = -now();
  return p->count - 1;
}

static void end(inference_profiler* profiler, uint32_t handle) {
  inference_profile* p = (inference_profile*)profiler;
  if (handle < p->count) p->events[handle].ns += now();
}

static void inside(inference_profiler* profiler, const char* name, uint64_t us, int64_t op, int64_t graph) {
  inference_event* e = graph == 0 ? add((inference_profile*)profiler, name, op) : NULL;
  if (e == NULL) return;
  e->ns = (int64_t)us * 1000;
  e->inside = true;
}

inference_profile* inference_profile_new(void) {
  inference_profile* p = calloc(1, sizeof *p);
  if (p != NULL) p->profiler = (inference_profiler){NULL, event, op_event, settings, begin, end, inside};
  return p;
}

void inference_profile_attach(inference_profile* p, void* options) {
  TfLiteInterpreterOptionsSetTelemetryProfiler(options, &p->profiler);
}

void inference_profile_free(inference_profile* p) {
  free(p->events);
  free(p);
}
