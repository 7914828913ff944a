#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "bytes.h"

namespace gateway {

inline constexpr std::uint16_t kEtherIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherIpv6 = 0x86dd;

inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIcmp6 = 58;
inline constexpr std::uint8_t kVrrp = 112;
inline constexpr std::uint8_t kSctp = 132;

/// The bits of `frag`: a fragment, and a fragment that is not the first (`nw_frag` of ovs-fields(7)).
inline constexpr std::uint8_t kFragment = 1;
inline constexpr std::uint8_t kLaterFragment = 2;

/// An address of either family, in host byte order. An IPv4 address is in the low 32 bits of `lo`.
struct Address {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;
  friend constexpr auto operator<=>(const Address&, const Address&) = default;
};

/// The fields of an IP packet. A field that the packet lacks, or has only in part, is 0.
struct Ip {
  /// kEtherIpv4, kEtherIpv6, or 0: not IP.
  std::uint16_t type = 0;
  std::uint8_t proto = 0;
  std::uint8_t frag = 0;
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::uint16_t tp_src = 0;
  std::uint16_t tp_dst = 0;
  Address src;
  Address dst;
};

namespace parse {

inline constexpr std::size_t kIpv4Header = 20;
inline constexpr std::size_t kIpv6Header = 40;
inline constexpr std::size_t kIcmpHeader = 8;

inline Address Ipv6At(Bytes bytes, std::size_t at) noexcept { return {Be64(bytes, at), Be64(bytes, at + 8)}; }

/// The shortest header of each protocol in bytes; 0 for a protocol whose header is not read.
inline constexpr std::array<std::uint8_t, 256> kTransportHeaders = [] {
  std::array<std::uint8_t, 256> bytes = {};
  bytes[kTcp] = 20;
  bytes[kUdp] = 8;
  bytes[kSctp] = 12;
  bytes[kIcmp] = kIcmpHeader;
  bytes[kIcmp6] = kIcmpHeader;
  return bytes;
}();

/// Reads the ports, or type and code, of a transport header, if the packet has the whole header. It uses few branches:
/// the kinds of packets alternate, so the CPU cannot predict them. @returns false if the header is not whole
inline bool Transport(Reader& reader, Ip& ip) noexcept {
  const std::size_t left = reader.left();
  const std::size_t shortest = kTransportHeaders[ip.proto];
  const bool is_icmp = ip.proto == (ip.type == kEtherIpv4 ? kIcmp : kIcmp6);
  if (shortest == 0 || (shortest == kIcmpHeader && !is_icmp && ip.proto != kUdp)) return true;
  if (left < shortest) return false;
  const Bytes start = reader.Take(4);
  if (start.empty()) return true;
  // A TCP header contains its own length, options included (RFC 9293 section 3.1).
  const bool is_tcp = ip.proto == kTcp;
  constexpr std::size_t kDataOffset = 8;
  const Bytes rest = reader.held();
  if (rest.size() > kDataOffset) {
    const std::size_t header = is_tcp ? (rest[kDataOffset] >> 4) * std::size_t{4} : shortest;
    if (header < shortest || header > left) return false;
  } else if (is_tcp) {
    reader.Skip(kDataOffset + 1);
  }
  const std::uint16_t first = Be16(start, 0);
  const std::uint16_t second = Be16(start, 2);
  ip.icmp_type = is_icmp ? start[0] : std::uint8_t{0};
  ip.icmp_code = is_icmp ? start[1] : std::uint8_t{0};
  ip.tp_src = is_icmp ? std::uint16_t{0} : first;
  ip.tp_dst = is_icmp ? std::uint16_t{0} : second;
  return true;
}

/// Reads an IPv4 packet (RFC 791). @returns false if it is malformed
inline bool Ipv4(Reader& reader, Ip& ip) noexcept {
  const Bytes head = reader.Take(kIpv4Header);
  if (head.empty()) return reader.cut();
  const std::size_t header = (head[0] & 0x0f) * std::size_t{4};
  const std::size_t total = Be16(head, 2);
  if (header < kIpv4Header || total < header || total > kIpv4Header + reader.left()) return false;
  reader.Limit(total - kIpv4Header);
  const std::uint16_t fragment = Be16(head, 6);
  if ((fragment & 0x3fff) != 0) ip.frag = kFragment;
  if ((fragment & 0x1fff) != 0) ip.frag |= kLaterFragment;
  ip.proto = head[9];
  ip.src.lo = Be32(head, 12);
  ip.dst.lo = Be32(head, 16);
  if (!reader.Skip(header - kIpv4Header)) return true;
  return (ip.frag & kLaterFragment) != 0 || Transport(reader, ip);
}

/// The payload behind the extension headers of an IPv6 packet.
struct Ipv6Payload {
  std::uint8_t proto;
  std::uint8_t frag = 0;
};

/// Follows the extension headers (RFC 8200 section 4) that Open vSwitch knows. For a later fragment the protocol comes
/// from the fragment header itself. @returns false if a header is malformed or cut
inline bool Extensions(Reader& reader, Ipv6Payload& payload) noexcept {
  constexpr std::uint8_t kHopByHop = 0;
  constexpr std::uint8_t kRouting = 43;
  constexpr std::uint8_t kFragmentHeader = 44;
  constexpr std::uint8_t kAuthentication = 51;
  constexpr std::uint8_t kDestination = 60;
  for (;;) {
    const std::uint8_t kind = payload.proto;
    if (kind != kHopByHop && kind != kRouting && kind != kFragmentHeader && kind != kAuthentication &&
        kind != kDestination) {
      return true;
    }
    const Bytes start = reader.Take(8);
    if (start.empty()) return false;
    payload.proto = start[0];
    if (kind == kFragmentHeader) {
      const std::uint16_t fragment = Be16(start, 2);
      if (fragment == 0) continue;
      payload.frag = kFragment;
      if ((fragment & 0xfff8) == 0) continue;
      payload = {kFragmentHeader, kFragment | kLaterFragment};
      return true;
    }
    // Units of 8 bytes, without the first 8; for an authentication header units of 4 bytes (RFC 4302 section 2.2).
    const std::size_t length = kind == kAuthentication ? (start[1] + std::size_t{2}) * 4 : (start[1] + std::size_t{1}) * 8;
    if (length < 8 || !reader.Skip(length - 8)) return false;
  }
}

/// Reads an IPv6 packet (RFC 8200). @returns false if it is malformed
inline bool Ipv6(Reader& reader, Ip& ip) noexcept {
  const Bytes head = reader.Take(kIpv6Header);
  if (head.empty()) return reader.cut();
  const std::size_t length = Be16(head, 4);
  if (length > reader.left()) return false;
  reader.Limit(length);
  ip.src = Ipv6At(head, 8);
  ip.dst = Ipv6At(head, 24);
  Ipv6Payload payload{head[6]};
  if (!Extensions(reader, payload)) return reader.cut();
  ip.proto = payload.proto;
  ip.frag = payload.frag;
  return (ip.frag & kLaterFragment) != 0 || Transport(reader, ip);
}

inline bool IpOf(std::uint16_t type, Reader& reader, Ip& ip) noexcept {
  ip.type = type;
  return type == kEtherIpv4 ? Ipv4(reader, ip) : Ipv6(reader, ip);
}

/// Whether `ip` is an ICMP error, which quotes the packet that caused it.
inline bool IsError(const Ip& ip) noexcept {
  if (ip.type == kEtherIpv6) return ip.proto == kIcmp6 && ip.icmp_type >= 1 && ip.icmp_type <= 4;
  const std::uint8_t type = ip.icmp_type;
  return ip.proto == kIcmp && (type == 3 || type == 4 || type == 5 || type == 11 || type == 12);
}

}  // namespace parse

}  // namespace gateway
