// Runs the fuzz target on every input that the fuzzer has found: corpus_test DIRECTORY.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "check.h"
#include "parse_fuzz.cc"

int main(int argc, char** argv) {
  CHECK(argc == 2);
  int inputs = 0;
  Test("every input of the corpus is read within its bounds, and has the same class whole or in part", [&] {
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++inputs;
    }
  });
  CHECK(inputs > 0);
}
