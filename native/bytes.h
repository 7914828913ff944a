#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gateway {

using Bytes = std::span<const std::uint8_t>;

/// Read numbers in network byte order. Compilers turn each into one load and one swap.
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

/// Reads a packet from front to back. Its length is that on the wire, or the one that a header in it states; the
/// capture can hold less.
class Reader {
 public:
  Reader(Bytes held, std::size_t length) noexcept : held_(held), length_(std::max(length, held.size())) {}

  /// Returns the next `size` bytes, at least one; empty if the packet or the capture ends before them.
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

  /// Skips `size` bytes. @returns false if the packet or the capture ends before them
  bool Skip(std::size_t size) noexcept { return size == 0 || !Take(size).empty(); }

  /// Ends the packet after `size` more bytes, at most `left()`: the rest is padding.
  void Limit(std::size_t size) noexcept {
    length_ = size;
    held_ = held_.first(std::min(size, held_.size()));
  }

  /// The number of bytes left in the packet, and the bytes of them that the capture holds.
  std::size_t left() const noexcept { return length_; }
  Bytes held() const noexcept { return held_; }

  /// Whether a read failed because the capture ends before the packet does.
  bool cut() const noexcept { return cut_; }

 private:
  Bytes held_;
  std::size_t length_;
  bool cut_ = false;
};

}  // namespace gateway
