/* A delegate of another layout: where its functions should be there is text. */
#include <stddef.h>

static char text[128] = "not a delegate, not a delegate, not a delegate, not a delegate";
static struct {
  char* words[8];
} other = {{text, text + 3, text + 5, text + 7, text + 9, text + 11, NULL, text + 13}};

void* tflite_plugin_create_delegate(char** keys, char** values, size_t count, void (*report)(const char*)) { return &other; }
void tflite_plugin_destroy_delegate(void* delegate) {}
