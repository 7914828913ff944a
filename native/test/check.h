#pragma once

#include <cstdio>
#include <cstdlib>

/// What the native tests expect; the first thing that is not so ends them.
#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                             \
    }                                                                           \
  } while (false)

/// One test of a native program: says its name, so that what aborts is known.
template <typename Body>
void Test(const char* name, Body body) {
  std::printf("%s\n", name);
  std::fflush(stdout);
  body();
}
