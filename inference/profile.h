/*
 * Times of a network's operators, through the profiler that the library tells
 * of every operator. The layout is that of its telemetry/c/profiler.h.
 */
#ifndef RTV_PROFILE_H
#define RTV_PROFILE_H

#include "tensorflow/lite/c/c_api.h"

typedef struct inference_profiler {
  void* data;
  void (*event)(struct inference_profiler*, const char* name, uint64_t status);
  void (*op_event)(struct inference_profiler*, const char* name, int64_t op, int64_t graph, uint64_t status);
  void (*settings)(struct inference_profiler*, const char* name, const void* settings);
  uint32_t (*begin)(struct inference_profiler*, const char* name, int64_t op, int64_t graph);
  void (*end)(struct inference_profiler*, uint32_t handle);
  void (*inside)(struct inference_profiler*, const char* name, uint64_t us, int64_t op, int64_t graph);
} inference_profiler;

typedef struct {
  char name[64];
  int64_t op; /* its number in the graph, or inside the delegate */
  int64_t ns;
  bool inside; /* told by a delegate of one of its own operators */
} inference_event;

typedef struct {
  inference_profiler profiler; /* what the library is given */
  inference_event* events;     /* since they were last taken */
  uint32_t count, room;
} inference_profile;

inference_profile* inference_profile_new(void);
void inference_profile_attach(inference_profile* profile, void* options);
void inference_profile_free(inference_profile* profile);

#endif
