// libFuzzer as a library: the compiler has it, without a header.

#ifndef SKIFF_FUZZER_H
#define SKIFF_FUZZER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Runs `test` on inputs of its own until it is done, then ends the process.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));

#endif
