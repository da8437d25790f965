package inference

/*
#include <malloc.h>

static void inference_bound_memory(void) { mallopt(M_ARENA_MAX, 2); }
static void inference_return_memory(void) { malloc_trim(0); }
*/
import "C"

// BoundMemory has the C library keep few pools of memory. By itself it makes
// one for nearly every thread, and what a network that was closed leaves in one
// is of no use to the next, which lives in another. To be called first of all.
func BoundMemory() { C.inference_bound_memory() }

// ReturnMemory gives the system back what closed networks have left.
func ReturnMemory() { C.inference_return_memory() }
