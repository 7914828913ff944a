#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "bytes.h"
#include "ip.h"

namespace gateway {

inline constexpr std::uint16_t kEtherArp = 0x0806;

inline constexpr std::uint8_t kSolicitation = 135;
inline constexpr std::uint8_t kAdvertisement = 136;

/// The bit of `vlan_tci` that says that there is a tag. OVS uses the bit of the former CFI for it (ovs-fields(7)).
inline constexpr std::uint16_t kTagged = 0x1000;

/// The VLAN in `vlan_tci`. 0 is none: such a tag only carries a priority.
inline constexpr std::uint16_t kVid = 0x0fff;

/// Whether this EtherType is a tag's (IEEE 802.1Q, 802.1ad).
inline bool IsTagType(std::uint16_t type) noexcept { return type == 0x8100 || type == 0x88a8; }

/// An ARP packet of Ethernet and IPv4 (RFC 826). An operation of 0 means that there is none.
struct Arp {
  std::uint16_t op = 0;
  std::uint64_t sha = 0;
  std::uint64_t tha = 0;
  Address spa;
  Address tpa;
};

/// The fields of a frame that this product uses. They have the values that Open vSwitch extracts (lib/flow.c,
/// miniflow_extract), also for malformed frames.
struct Packet {
  /// Not constexpr: GCC would clear a constant of this size with "rep stos", which takes longer than all other work on
  /// a frame. This way it writes the fields one by one.
  Packet() noexcept {}

  std::uint64_t dl_dst = 0;
  std::uint64_t dl_src = 0;
  std::uint16_t dl_type = 0;
  /// The outer tag with kTagged; 0 without a tag.
  std::uint16_t vlan_tci = 0;
  /// Two lengths in the frame contradict each other, or it ends within a header.
  bool malformed = false;
  /// The capture ends before a field that Open vSwitch would read.
  bool cut = false;
  Ip ip;
  Arp arp;
  /// The target of a neighbour solicitation or advertisement (RFC 4861 sections 4.3 and 4.4).
  Address nd_target;
  /// The packet that an ICMP error quotes (RFC 792, RFC 4443 section 2.4); `type` is 0 without one.
  Ip quoted;
};

namespace parse {

/// Parses the packet that an ICMP error quotes. The error holds only its beginning, like a capture that was cut.
inline void Quoted(Reader reader, Packet& packet) noexcept {
  if (!reader.Skip(kIcmpHeader - 4)) return;
  Reader within(reader.held(), std::numeric_limits<std::size_t>::max());
  Ip quoted;
  if (IpOf(packet.ip.type, within, quoted) && quoted.proto != 0) packet.quoted = quoted;
}

/// Reads the target of neighbour discovery. Open vSwitch reads none if a link-layer address option occurs twice.
inline void NeighbourTarget(Reader& reader, Packet& packet) noexcept {
  if (!reader.Skip(kIcmpHeader - 4)) return;
  const Bytes target = reader.Take(16);
  if (target.empty()) {
    packet.malformed = !reader.cut();
    return;
  }
  std::uint64_t seen[2] = {0, 0};
  Reader options = reader;
  while (options.left() >= 8) {
    const Bytes option = options.Take(8);
    packet.cut = options.cut();
    if (option.empty() || option[1] == 0) break;
    if (option[1] == 1 && (option[0] == 1 || option[0] == 2)) {
      std::uint64_t& address = seen[option[0] - 1];
      if (address != 0) {
        packet.malformed = true;
        return;
      }
      address = Be48(option, 2);
    }
    if (!options.Skip((option[1] - std::size_t{1}) * 8)) break;
  }
  packet.nd_target = Ipv6At(target, 0);
}

inline void ArpOf(Reader& reader, Packet& packet) noexcept {
  const Bytes bytes = reader.Take(28);
  if (bytes.empty()) {
    packet.malformed = !reader.cut();
    return;
  }
  // Hardware type Ethernet, protocol type IPv4. Open vSwitch matches only on operations that fit into 8 bits.
  if (Be16(bytes, 0) != 1 || Be16(bytes, 2) != kEtherIpv4 || bytes[4] != 6 || bytes[5] != 4) {
    packet.malformed = true;
    return;
  }
  const std::uint16_t op = Be16(bytes, 6);
  packet.arp = {.op = op <= 0xff ? op : std::uint16_t{0},
                .sha = Be48(bytes, 8),
                .tha = Be48(bytes, 18),
                .spa = {0, Be32(bytes, 14)},
                .tpa = {0, Be32(bytes, 24)}};
}

/// Returns the EtherType after a tag, or the SNAP header's (RFC 1042); 0 if there is none. A second tag is a type of its
/// own: Open vSwitch reads only one (`vlan-limit`, ovs-vswitchd.conf.db(5)).
inline std::uint16_t Type(Reader& reader, Packet& packet, std::uint16_t type) noexcept {
  if (IsTagType(type) && packet.vlan_tci == 0) {
    const Bytes tag = reader.Take(4);
    if (tag.empty()) return type;
    packet.vlan_tci = Be16(tag, 0) | kTagged;
    type = Be16(tag, 2);
  }
  if (type >= 0x600) return type;
  const Bytes head = reader.Take(8);
  if (head.empty()) return 0;
  constexpr std::uint64_t kSnap = 0xaaaa'0300'0000;
  const std::uint16_t inner = Be16(head, 6);
  return Be48(head, 0) == kSnap && inner >= 0x600 ? inner : std::uint16_t{0};
}

}  // namespace parse

/// Parses a frame in one pass, without allocating. `length` is the length on the wire if the capture holds less.
/// `stripped` is the VLAN tag that the kernel stripped (`tp_vlan_tci` of packet(7)), with kTagged.
inline Packet Parse(Bytes frame, std::size_t length = 0, std::uint16_t stripped = 0) noexcept {
  Packet packet;
  packet.vlan_tci = stripped;
  Reader reader(frame, length);
  const Bytes head = reader.Take(14);
  if (head.empty()) {
    packet.cut = reader.cut();
    packet.malformed = !packet.cut;
    return packet;
  }
  packet.dl_dst = Be48(head, 0);
  packet.dl_src = Be48(head, 6);
  packet.dl_type = parse::Type(reader, packet, Be16(head, 12));
  if (packet.dl_type == kEtherIpv4 || packet.dl_type == kEtherIpv6) {
    packet.malformed = !parse::IpOf(packet.dl_type, reader, packet.ip);
    const Ip& ip = packet.ip;
    if (ip.icmp_type != 0) {
      const bool discovers = ip.type == kEtherIpv6 && ip.icmp_code == 0 &&
                             (ip.icmp_type == kSolicitation || ip.icmp_type == kAdvertisement);
      if (discovers) parse::NeighbourTarget(reader, packet);
      if (parse::IsError(ip)) parse::Quoted(reader, packet);
    }
  } else if (packet.dl_type == kEtherArp) {
    parse::ArpOf(reader, packet);
  }
  packet.cut |= reader.cut();
  return packet;
}

}  // namespace gateway
