// What the fuzzer has found, run again without it: corpus_test FOLDER.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "check.h"
#include "parse_fuzz.cc"

int main(int argc, char** argv) {
  CHECK(argc == 2);
  int inputs = 0;
  Test("what is in the corpus is read within its bounds, and of one class whether held whole or in part", [&] {
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++inputs;
    }
  });
  CHECK(inputs > 0);
}
