#pragma once

#include <cstdio>
#include <cstdlib>

/// Aborts the test program if `condition` is false.
#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      std::fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                             \
    }                                                                           \
  } while (false)

/// Runs one test. It prints the name first, so that an abort shows which test failed.
template <typename Body>
void Test(const char* name, Body body) {
  std::printf("%s\n", name);
  std::fflush(stdout);
  body();
}
