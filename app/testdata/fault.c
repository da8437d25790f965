// A stand-in for a TensorFlow Lite library that goes wrong: preloaded, it is
// asked before each Invoke what to do by the file that RTV_FAULT names. The
// first word of the file is "hang", "spin", "abort", "segv" or "exit"; with
// "once" after it the file is removed first, so that the next one is well.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void go_wrong(void) {
	const char *path = getenv("RTV_FAULT");
	FILE *f = path ? fopen(path, "r") : NULL;
	if (!f) return;
	char what[16] = "", often[16] = "";
	int words = fscanf(f, "%15s %15s", what, often);
	fclose(f);
	if (words == 2 && !strcmp(often, "once")) unlink(path);
	if (!strcmp(what, "hang")) for (;;) pause();
	if (!strcmp(what, "spin")) for (volatile int i = 0;; i++) {}
	if (!strcmp(what, "abort")) { fprintf(stderr, "native: a check failed\n"); abort(); }
	if (!strcmp(what, "segv")) *(volatile int *)8 = 1;
	if (!strcmp(what, "exit")) exit(3);
}

int TfLiteInterpreterInvoke(void *interpreter) {
	static int (*next)(void *);
	if (!next) next = (int (*)(void *))dlsym(RTLD_NEXT, "TfLiteInterpreterInvoke");
	go_wrong();
	return next(interpreter);
}
