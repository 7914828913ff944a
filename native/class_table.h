#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "address_set.h"
#include "packet.h"

namespace gateway {

/// The classes of packets, by their numbers in src/demux/classes.ts.
enum class PacketClass : std::uint8_t {
  /// No class: the capture ends before the fields that decide.
  kTruncated,
  kTunnel,
  kNeighbourRequest,
  kNeighbourReply,
  kEchoRequest,
  kFragment,
  kNodePort,
  kExternal,
  kIcmp,
  kPodReturn,
  kManagement,
  kBroadcast,
  kPodOut,
  kPodDrop,
  kHostOut,
  kOther,
};

/// The names of the classes by number, from 1. A test compares them with src/demux/classes.ts.
inline constexpr std::array kClassNames = {
    "tunnel",   "neighbour-request", "neighbour-reply", "echo-request", "fragment",
    "node-port", "external",         "icmp",            "pod-return",   "management",
    "broadcast", "pod-out",          "pod-drop",        "host-out",     "other"};
inline constexpr std::size_t kClassIds = kClassNames.size() + 1;

/// The role of the bridge's port that a frame comes in by, as in src/demux/port_role.ts.
enum class PortRole : std::uint8_t { kPhys, kLocal, kPatch, kOther };

/// A port of one address.
struct PortAt {
  std::uint16_t type = 0;
  std::uint8_t proto = 0;
  std::uint16_t port = 0;
  Address address;
  friend constexpr auto operator<=>(const PortAt&, const PortAt&) = default;
};

/// The state of a gateway (GatewayState of src/demux/state.ts), in the form that lookups need.
struct GatewayFacts {
  std::uint64_t mac = 0;
  /// The link-local address derived from the MAC (RFC 4291 appendix A).
  Address link_local;
  bool has_phys = false;
  bool has_patch = false;
  bool other_ports = false;
  AddressSet addresses;
  /// Served addresses that are not in `addresses`.
  AddressSet served;
  /// The members of `served` that this gateway answers for.
  AddressSet answered;
  /// The members of `served` that the gateway router may send from.
  AddressSet served_sources;
  /// Node ports at some addresses only, sorted.
  std::vector<PortAt> ports_at;
  std::bitset<65536> tcp_ports;
  std::bitset<65536> udp_ports;
  std::bitset<65536> sctp_ports;
  /// The ports of pods' connections, first and last; without a range connection tracking decides.
  std::optional<std::pair<std::uint16_t, std::uint16_t>> range;
};

/// Classifies packets as the flows of src/demux/table.ts do. It is immutable, so all threads can share it.
class ClassTable {
 public:
  explicit ClassTable(GatewayFacts facts) : facts_(std::move(facts)), by_port_(ByPort(facts_)) {}

  /// `tracked`: whether connection tracking knows the packet's connection as a pod's. With a range it
  /// matters only for protocols without ports.
  PacketClass Classify(const Packet& packet, PortRole role, bool tracked = false) const noexcept {
    if (packet.cut) return PacketClass::kTruncated;
    if (role == PortRole::kPatch) return FromPatch(packet);
    if (IsTagged(packet)) return PacketClass::kOther;
    if (role == PortRole::kPhys && facts_.has_phys) return FromPhys(packet, tracked);
    return role == PortRole::kLocal ? FromLocal(packet) : PacketClass::kOther;
  }

 private:
  static constexpr std::size_t kPorts = 65536;
  static constexpr std::uint16_t kGeneve = 6081;
  static constexpr std::uint16_t kStt = 7471;

  PacketClass FromPhys(const Packet& packet, bool tracked) const noexcept {
    const Ip& ip = packet.ip;
    const bool to_mac = packet.dl_dst == facts_.mac;
    const bool to_group = IsGroup(packet);
    const bool to_us = to_mac && ip.type != 0 && facts_.addresses.Has(ip.type, ip.dst);
    if (to_mac && IsFirstWithoutPorts(ip)) return PacketClass::kManagement;
    if (to_us && HasPorts(ip)) return WithPorts(ip, tracked);
    if (IsRequestFor(facts_.addresses, packet)) return PacketClass::kNeighbourRequest;
    if (facts_.has_patch && IsRequestFor(facts_.answered, packet)) return PacketClass::kNeighbourRequest;
    if (to_mac || to_group) {
      if (packet.arp.op == 2 || IsNd(ip, kAdvertisement)) return PacketClass::kNeighbourReply;
    }
    if (to_group && packet.arp.op == 1) {
      return packet.arp.spa == packet.arp.tpa ? PacketClass::kNeighbourReply : PacketClass::kBroadcast;
    }
    if (to_us) return ToUs(ip, tracked);
    if (to_mac) return ip.type != 0 ? ToOther(ip) : PacketClass::kManagement;
    return to_group ? PacketClass::kBroadcast : PacketClass::kOther;
  }

  /// Returns the class of each destination port of packets to IP: 65,536 of TCP, then of UDP, then of SCTP. One load
  /// replaces a branch for each row, which the CPU could not predict.
  static std::vector<PacketClass> ByPort(const GatewayFacts& facts) {
    std::vector<PacketClass> classes(3 * kPorts, PacketClass::kManagement);
    const std::array ports = {&facts.tcp_ports, &facts.udp_ports, &facts.sctp_ports};
    for (std::size_t kind = 0; facts.has_patch && kind < ports.size(); ++kind) {
      for (std::size_t port = 0; port < kPorts; ++port) {
        const bool in_range = facts.range && port >= facts.range->first && port <= facts.range->second;
        PacketClass& name = classes[kind * kPorts + port];
        if (in_range) name = PacketClass::kPodReturn;
        if ((*ports[kind])[port]) name = PacketClass::kNodePort;
      }
    }
    classes[kStt] = PacketClass::kTunnel;
    classes[kPorts + kGeneve] = PacketClass::kTunnel;
    return classes;
  }

  PacketClass WithPorts(const Ip& ip, bool tracked) const noexcept {
    const std::size_t kind = ip.proto == kTcp ? 0 : ip.proto == kUdp ? 1 : 2;
    const PacketClass name = by_port_[kind * kPorts + ip.tp_dst];
    if (name == PacketClass::kTunnel || name == PacketClass::kNodePort) return name;
    if (IsPortAt(ip)) return PacketClass::kNodePort;
    return name == PacketClass::kManagement ? Unclaimed(tracked) : name;
  }

  /// Whether the packet is for a node port that only some addresses have.
  bool IsPortAt(const Ip& ip) const noexcept {
    if (facts_.ports_at.empty() || !facts_.has_patch) return false;
    const PortAt wanted = {.type = ip.type, .proto = ip.proto, .port = ip.tp_dst, .address = ip.dst};
    return std::binary_search(facts_.ports_at.begin(), facts_.ports_at.end(), wanted);
  }

  /// Classifies a packet to MAC and an address that is not IP.
  PacketClass ToOther(const Ip& ip) const noexcept {
    if (HasPorts(ip) && IsPortAt(ip)) return PacketClass::kNodePort;
    const bool is_served = facts_.has_patch && facts_.served.Has(ip.type, ip.dst);
    return is_served ? PacketClass::kExternal : PacketClass::kManagement;
  }

  /// Classifies a packet to IP without ports.
  PacketClass ToUs(const Ip& ip, bool tracked) const noexcept {
    if (IsIcmp(ip) && ip.icmp_type == (ip.type == kEtherIpv4 ? 8 : 128)) return PacketClass::kEchoRequest;
    if ((ip.frag & kLaterFragment) != 0) return PacketClass::kFragment;
    if (IsAnswer(ip)) return PacketClass::kIcmp;
    if (IsIcmp(ip) || ip.proto == kVrrp) return Unclaimed(tracked);
    const bool is_fragment = facts_.range && facts_.has_patch && ip.frag != 0;
    return is_fragment ? PacketClass::kFragment : Tracked(tracked);
  }

  /// Classifies a packet to IP that no other row takes: the host's, or a pod's if connection tracking says so.
  PacketClass Unclaimed(bool tracked) const noexcept {
    return Tracked(tracked && !facts_.range);
  }

  PacketClass Tracked(bool tracked) const noexcept {
    return tracked && facts_.has_patch ? PacketClass::kPodReturn : PacketClass::kManagement;
  }

  PacketClass FromPatch(const Packet& packet) const noexcept {
    if (!facts_.has_patch) return PacketClass::kOther;
    const bool mine = facts_.has_phys && !IsTagged(packet) && packet.dl_src == facts_.mac;
    return mine && MayLeave(packet) && !ClaimsAddress(packet) ? PacketClass::kPodOut : PacketClass::kPodDrop;
  }

  /// Whether the gateway router may send this packet, judged by its source address.
  bool MayLeave(const Packet& packet) const noexcept {
    if (packet.arp.op != 0 || packet.dl_type == kEtherArp) {
      const Address& spa = packet.arp.spa;
      return packet.arp.sha == facts_.mac &&
             (facts_.addresses.Has(kEtherIpv4, spa) || facts_.answered.Has(kEtherIpv4, spa));
    }
    const Ip& ip = packet.ip;
    if (ip.type == 0) return false;
    if (facts_.addresses.Has(ip.type, ip.src) || facts_.served_sources.Has(ip.type, ip.src)) return true;
    return ip.src == facts_.link_local && (IsNd(ip, kSolicitation) || IsNd(ip, kAdvertisement));
  }

  /// Whether this packet announces an address to other hosts for which the host itself or another host answers.
  bool ClaimsAddress(const Packet& packet) const noexcept {
    if (packet.dl_type == kEtherArp) {
      return facts_.addresses.Has(kEtherIpv4, packet.arp.spa) && facts_.addresses.Has(kEtherIpv4, packet.arp.tpa);
    }
    if (IsNd(packet.ip, kSolicitation)) return IsForeign(packet.ip.src);
    if (!IsNd(packet.ip, kAdvertisement)) return false;
    return IsForeign(packet.nd_target) ||
           (IsGroup(packet) && facts_.addresses.Has(kEtherIpv6, packet.nd_target));
  }

  /// Whether OVN may send from this address of IPv6 but not answer for it.
  bool IsForeign(const Address& address) const noexcept {
    return facts_.served.Has(kEtherIpv6, address) && !facts_.answered.Has(kEtherIpv6, address);
  }

  PacketClass FromLocal(const Packet& packet) const noexcept {
    const Ip& ip = packet.ip;
    if (facts_.has_phys && IsTunnel(ip) && facts_.addresses.Has(ip.type, ip.src)) return PacketClass::kTunnel;
    if (facts_.has_phys || facts_.other_ports) return PacketClass::kHostOut;
    const bool to_served = facts_.has_patch && ((ip.type != 0 && facts_.answered.Has(ip.type, ip.dst)) ||
                                                IsRequestFor(facts_.answered, packet));
    return to_served ? PacketClass::kHostOut : PacketClass::kOther;
  }

  /// Whether this is a request for one of `addresses` (RFC 826; RFC 4861 section 4.3).
  static bool IsRequestFor(const AddressSet& addresses, const Packet& packet) noexcept {
    if (packet.arp.op == 1) return addresses.Has(kEtherIpv4, packet.arp.tpa);
    return IsNd(packet.ip, kSolicitation) && addresses.Has(kEtherIpv6, packet.nd_target);
  }

  /// Whether this is Geneve (RFC 8926) or STT.
  static bool IsTunnel(const Ip& ip) noexcept {
    return (ip.proto == kUdp && ip.tp_dst == kGeneve) || (ip.proto == kTcp && ip.tp_dst == kStt);
  }

  static bool IsNd(const Ip& ip, std::uint8_t type) noexcept {
    return ip.type == kEtherIpv6 && ip.proto == kIcmp6 && ip.icmp_type == type;
  }

  static bool IsIcmp(const Ip& ip) noexcept { return ip.proto == (ip.type == kEtherIpv4 ? kIcmp : kIcmp6); }

  /// Whether this is an ICMP error or an echo reply.
  static bool IsAnswer(const Ip& ip) noexcept {
    return parse::IsError(ip) || (IsIcmp(ip) && ip.icmp_type == (ip.type == kEtherIpv4 ? 0 : 129));
  }

  /// Whether the packet has ports: second and later fragments have none.
  static bool HasPorts(const Ip& ip) noexcept {
    return (ip.frag & kLaterFragment) == 0 && (ip.proto == kTcp || ip.proto == kUdp || ip.proto == kSctp);
  }

  /// Whether this first fragment ends before the header that has the ports does.
  static bool IsFirstWithoutPorts(const Ip& ip) noexcept {
    return ip.frag == kFragment && ip.tp_dst == 0 && (ip.proto == kTcp || ip.proto == kSctp);
  }

  /// Whether the frame is in a VLAN: a priority tag alone does not count.
  static bool IsTagged(const Packet& packet) noexcept {
    return packet.vlan_tci != 0 && ((packet.vlan_tci & kVid) != 0 || IsTagType(packet.dl_type));
  }

  static bool IsGroup(const Packet& packet) noexcept { return (packet.dl_dst >> 40 & 1) != 0; }

  GatewayFacts facts_;
  std::vector<PacketClass> by_port_;
};

/// Packets and bytes of each class, by class number.
struct ClassCounts {
  std::array<std::uint64_t, kClassIds> packets = {};
  std::array<std::uint64_t, kClassIds> bytes = {};
  /// Malformed packets of all classes.
  std::uint64_t malformed = 0;

  void Count(PacketClass name, std::size_t length, bool is_malformed) noexcept {
    const auto id = static_cast<std::size_t>(name);
    packets[id] += 1;
    bytes[id] += length;
    malformed += is_malformed ? 1 : 0;
  }

  void Add(const ClassCounts& other) noexcept {
    for (std::size_t id = 0; id < kClassIds; ++id) {
      packets[id] += other.packets[id];
      bytes[id] += other.bytes[id];
    }
    malformed += other.malformed;
  }
};

}  // namespace gateway
