/* A delegate that needs a library which is not there. */
#include <stddef.h>

void* another_library_makes_it(size_t count);

void* tflite_plugin_create_delegate(char** keys, char** values, size_t count, void (*report)(const char*)) {
  return another_library_makes_it(count);
}
void tflite_plugin_destroy_delegate(void* delegate) {}
