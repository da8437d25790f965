package inference

/*
#include <malloc.h>

static void inference_bound_memory(void) { mallopt(M_ARENA_MAX, 2); }
static void inference_return_memory(void) { malloc_trim(0); }
static size_t inference_memory_in_use(void) {
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}
*/
import "C"

// BoundMemory has the C library keep few pools of memory. By itself it makes
// one for nearly every thread, and what a network that was closed leaves in one
// is of no use to the next, which lives in another. To be called first of all.
func BoundMemory() { C.inference_bound_memory() }

// ReturnMemory gives the system back what closed networks have left.
func ReturnMemory() { C.inference_return_memory() }

// MemoryInUse is how many bytes the C library has given out: networks, decoders
// and the window's graphics. It counts what was asked for, not what is resident.
func MemoryInUse() uint64 { return uint64(C.inference_memory_in_use()) }
