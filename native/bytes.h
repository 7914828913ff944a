#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gateway {

using Bytes = std::span<const std::uint8_t>;

/// Numbers in network byte order; compilers make one load and one swap of each.
constexpr std::uint16_t Be16(Bytes bytes, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

constexpr std::uint32_t Be32(Bytes bytes, std::size_t at) noexcept {
  return static_cast<std::uint32_t>(Be16(bytes, at)) << 16 | Be16(bytes, at + 2);
}

constexpr std::uint64_t Be48(Bytes bytes, std::size_t at) noexcept {
  return static_cast<std::uint64_t>(Be16(bytes, at)) << 32 | Be32(bytes, at + 2);
}

constexpr std::uint64_t Be64(Bytes bytes, std::size_t at) noexcept {
  return static_cast<std::uint64_t>(Be32(bytes, at)) << 32 | Be32(bytes, at + 4);
}

/// A packet taken apart from front to back. It is as long as it was on the wire, or as a header in it says; a capture
/// can hold less of it.
class Reader {
 public:
  Reader(Bytes held, std::size_t length) noexcept : held_(held), length_(std::max(length, held.size())) {}

  /// The next `size` bytes, at least one; empty where the packet ends before them, or the capture does.
  Bytes Take(std::size_t size) noexcept {
    if (size > length_) return {};
    if (size > held_.size()) {
      cut_ = true;
      return {};
    }
    const Bytes taken = held_.first(size);
    held_ = held_.subspan(size);
    length_ -= size;
    return taken;
  }

  /// Passes over `size` bytes; whether they were there.
  bool Skip(std::size_t size) noexcept { return size == 0 || !Take(size).empty(); }

  /// Ends the packet after `size` more bytes: what follows is padding. At most `left()`.
  void Limit(std::size_t size) noexcept {
    length_ = size;
    held_ = held_.first(std::min(size, held_.size()));
  }

  /// How many bytes the packet goes on for, and those of them that the capture holds.
  std::size_t left() const noexcept { return length_; }
  Bytes held() const noexcept { return held_; }

  /// Whether something was to be taken that the packet has and the capture has not.
  bool cut() const noexcept { return cut_; }

 private:
  Bytes held_;
  std::size_t length_;
  bool cut_ = false;
};

}  // namespace gateway
