#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "class_table.h"
#include "packet.h"

namespace gateway {

/// A sender of packets of one class: an IP address, or for packets without one a MAC in the low 48 bits.
struct Talker {
  Address address;
  /// kEtherIpv4, kEtherIpv6, or 0 for a MAC.
  std::uint16_t type = 0;
  PacketClass name = PacketClass::kTruncated;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;

  bool IsSame(const Talker& other) const noexcept {
    return address == other.address && type == other.type && name == other.name;
  }
};

/// Returns the sender of a packet.
inline Talker TalkerOf(const Packet& packet, PacketClass name) noexcept {
  if (packet.ip.type != 0) return {.address = packet.ip.src, .type = packet.ip.type, .name = name};
  if (packet.arp.op != 0) return {.address = packet.arp.spa, .type = kEtherIpv4, .name = name};
  return {.address = {0, packet.dl_src}, .name = name};
}

/// Finds the heaviest senders in a table of fixed size ("Space Saving", Metwally et al. 2005, in sets of eight). A new
/// sender in a full set replaces the lightest one and inherits its counts. So no count is too low, and a sender with
/// more packets than the lightest of its set is always in the table.
class Talkers {
 public:
  void Count(const Talker& who, std::size_t length) noexcept {
    const auto set = sets_.begin() + static_cast<std::ptrdiff_t>(HashOf(who) % kSets * kWays);
    auto lightest = set;
    for (auto one = set; one != set + kWays; ++one) {
      if (one->packets > 0 && one->IsSame(who)) {
        one->packets += 1;
        one->bytes += length;
        return;
      }
      if (one->packets < lightest->packets) lightest = one;
    }
    *lightest = {.address = who.address,
                 .type = who.type,
                 .name = who.name,
                 .packets = lightest->packets + 1,
                 .bytes = lightest->bytes + length};
  }

  /// Returns the `most` heaviest senders by packets, the heaviest first.
  std::vector<Talker> Heaviest(std::size_t most) const {
    std::vector<Talker> found;
    std::copy_if(sets_.begin(), sets_.end(), std::back_inserter(found), [](const Talker& one) { return one.packets > 0; });
    const std::size_t count = std::min(most, found.size());
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(),
                      [](const Talker& a, const Talker& b) { return a.packets > b.packets; });
    found.resize(count);
    return found;
  }

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSets = 256;

  /// Hashes address, type and class; the finalizer of MurmurHash3 puts neighbouring addresses into different sets.
  static std::size_t HashOf(const Talker& who) noexcept {
    std::uint64_t hash = who.address.hi * 0x9e3779b97f4a7c15 + who.address.lo;
    hash ^= static_cast<std::uint64_t>(who.type) << 40 | static_cast<std::uint64_t>(who.name) << 56;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
    return hash ^ hash >> 33;
  }

  std::array<Talker, kSets * kWays> sets_ = {};
};

}  // namespace gateway
