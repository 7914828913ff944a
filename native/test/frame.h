#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "../bytes.h"

/// Reads octets from hexadecimal text, ignoring blanks.
inline std::vector<std::uint8_t> Hex(std::initializer_list<std::string_view> parts) {
  std::vector<std::uint8_t> octets;
  unsigned value = 0;
  bool half = false;
  for (const std::string_view part : parts) {
    for (const char c : part) {
      if (c == ' ') continue;
      const unsigned digit = c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(c - 'a') + 10;
      value = value << 4 | digit;
      if (half) octets.push_back(static_cast<std::uint8_t>(value & 0xff));
      half = !half;
    }
  }
  return octets;
}

/// A copy of the octets in a heap block of exactly their size, so that AddressSanitizer detects a read past the end.
class Exact {
 public:
  explicit Exact(gateway::Bytes octets) : size_(octets.size()), octets_(new std::uint8_t[octets.size()]) {
    std::copy(octets.begin(), octets.end(), octets_.get());
  }
  gateway::Bytes bytes() const { return {octets_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<std::uint8_t[]> octets_;
};
