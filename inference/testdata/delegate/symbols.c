/* A library that is no delegate. */
int tflite_plugin(void) { return 0; }
