// Tests Parse with sound frames, and with the same frames cut off at every length and changed in every octet.

#include "../packet.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "check.h"
#include "frame.h"

using gateway::Address;
using gateway::Bytes;
using gateway::Packet;
using gateway::Parse;

namespace {

constexpr std::string_view kLink = "0a58cb00710a 020000000001";
constexpr std::string_view kIpv4Udp = "0800 45000020 00010000 4011 0000 cb007101 cb00710a";
constexpr std::string_view kPorts = "1388 17c1 000c 0000 01020304";
constexpr std::string_view kSource6 = "20010db8000000000000000000000001";
constexpr std::string_view kTarget6 = "20010db8000000000000000000000010";

const std::vector<std::vector<std::uint8_t>> kFrames = {
    Hex({kLink, kIpv4Udp, kPorts}),
    // 802.1ad.
    Hex({kLink, "88a8 0007", kIpv4Udp, kPorts}),
    // A header of 24 bytes, with options.
    Hex({kLink, "0800 4600002c 00010000 4006 0000 cb007101 cb00710a 01010101", "1388 0016 00000001 00000000 5002 0000 0000 0000"}),
    // A first and a later fragment.
    Hex({kLink, "0800 45000020 00012000 4011 0000 cb007101 cb00710a", kPorts}),
    Hex({kLink, "0800 45000020 000100b9 4011 0000 cb007101 cb00710a", kPorts}),
    // Destination unreachable that quotes a segment from IP.
    Hex({kLink, "0800 45000038 00010000 4001 0000 cb007101 cb00710a", "0301 0000 00000000",
         "45000028 00010000 4006 0000 cb00710a c6336407", "ee48 0050 00000001"}),
    Hex({"ffffffffffff 020000000001 0806", "0001 0800 06 04 0001 020000000001 cb007101 000000000000 cb00710a"}),
    // Hop-by-hop, destination options, fragment (first), SCTP.
    Hex({kLink, "86dd 60000000 0024 00 40", kSource6, kTarget6, "3c00 000000000000", "2c00 000000000000",
         "8400 0001 00000007", "1388 0016 00000000 00000000"}),
    // A later fragment.
    Hex({kLink, "86dd 60000000 0010 2c 40", kSource6, kTarget6, "1100 05c8 00000007", "0102030405060708"}),
    // Neighbour solicitation with its option.
    Hex({"3333ff000010 020000000001 86dd 60000000 0020 3a ff", kSource6, "ff0200000000000000000001ff000010",
         "8700 0000 00000000", kTarget6, "0101 020000000001"}),
    // Packet too big that quotes a datagram from IP.
    Hex({kLink, "86dd 60000000 0038 3a 40", kSource6, kTarget6, "0200 0000 00000578", "60000000 0400 11 40", kTarget6,
         kSource6, "ee48 0050 0400 0000"}),
    // A TCP segment behind an authentication header, in SNAP.
    Hex({kLink, "0050 aaaa03000000 86dd 60000000 0020 33 40", kSource6, kTarget6, "0601 0000 00000000 00000000",
         "1388 0016 00000001 00000000 5002 0000 0000 0000"}),
};

void Sound() {
  const Packet udp = Parse(kFrames[0]);
  CHECK(udp.dl_dst == 0x0a58cb00710a && udp.dl_src == 0x020000000001 && udp.dl_type == gateway::kEtherIpv4);
  CHECK(udp.ip.src == (Address{0, 0xcb007101}) && udp.ip.dst == (Address{0, 0xcb00710a}));
  CHECK(udp.ip.proto == gateway::kUdp && udp.ip.tp_src == 5000 && udp.ip.tp_dst == 6081 && udp.ip.frag == 0);

  const Packet tagged = Parse(kFrames[1]);
  CHECK(tagged.vlan_tci == (7 | gateway::kTagged) && tagged.dl_type == gateway::kEtherIpv4 && tagged.ip.tp_dst == 6081);
  CHECK(Parse(kFrames[2]).ip.tp_dst == 22);
  CHECK(Parse(kFrames[3]).ip.frag == gateway::kFragment && Parse(kFrames[3]).ip.tp_dst == 6081);
  const Packet later = Parse(kFrames[4]);
  CHECK(later.ip.frag == (gateway::kFragment | gateway::kLaterFragment) && later.ip.tp_dst == 0);

  const Packet error = Parse(kFrames[5]);
  CHECK(error.ip.proto == gateway::kIcmp && error.ip.icmp_type == 3 && error.ip.icmp_code == 1);
  CHECK(error.quoted.type == gateway::kEtherIpv4 && error.quoted.proto == gateway::kTcp);
  CHECK(error.quoted.src.lo == 0xcb00710a && error.quoted.tp_src == 61000 && error.quoted.tp_dst == 80);

  const Packet arp = Parse(kFrames[6]);
  CHECK(arp.arp.op == 1 && arp.arp.sha == 0x020000000001 && arp.arp.spa.lo == 0xcb007101 && arp.arp.tpa.lo == 0xcb00710a);

  const Packet sctp = Parse(kFrames[7]);
  CHECK(sctp.ip.proto == gateway::kSctp && sctp.ip.frag == gateway::kFragment && sctp.ip.tp_dst == 22);
  const Packet later6 = Parse(kFrames[8]);
  CHECK(later6.ip.proto == 44 && later6.ip.frag == 3 && later6.ip.dst.hi == 0x20010db800000000);
  CHECK(Parse(kFrames[9]).nd_target == (Address{0x20010db800000000, 0x10}));
  const Packet too_big = Parse(kFrames[10]);
  CHECK(too_big.quoted.type == gateway::kEtherIpv6 && too_big.quoted.tp_src == 61000 && too_big.quoted.src.lo == 0x10);
  CHECK(Parse(kFrames[11]).ip.tp_dst == 22);
  for (const auto& frame : kFrames) CHECK(!Parse(frame).malformed && !Parse(frame).cut);
}

bool IsLookedInto(std::uint16_t type) {
  return type == gateway::kEtherIpv4 || type == gateway::kEtherIpv6 || type == gateway::kEtherArp;
}

/// Checks that a shorter frame is malformed, and that a partly captured frame is cut or has the same fields.
void CutOffEverywhere() {
  for (const auto& frame : kFrames) {
    for (std::size_t size = 0; size < frame.size(); ++size) {
      const Exact part(Bytes(frame).first(size));
      const Packet shorter = Parse(part.bytes());
      CHECK(!shorter.cut);
      CHECK(shorter.malformed || !IsLookedInto(shorter.dl_type));
      const Packet held = Parse(part.bytes(), frame.size());
      CHECK(!held.malformed);
      if (!held.cut) CHECK(held.ip.tp_dst == Parse(frame).ip.tp_dst && held.arp.op == Parse(frame).arp.op);
    }
  }
}

/// Lets AddressSanitizer check that no value of any octet causes a read past the end.
void EveryOctetChanged() {
  std::uint64_t sum = 0;
  for (const auto& frame : kFrames) {
    for (std::size_t at = 0; at < frame.size(); ++at) {
      std::vector<std::uint8_t> changed = frame;
      for (unsigned value = 0; value < 256; ++value) {
        changed[at] = static_cast<std::uint8_t>(value);
        sum += Parse(Exact(changed).bytes()).ip.tp_dst;
      }
    }
  }
  CHECK(sum > 0);
}

/// Checks that a message with the same option twice has no target, as in OVS (lib/flow.c, parse_icmpv6).
void AnOptionTwice() {
  const auto twice = Hex({"3333ff000010 020000000001 86dd 60000000 0028 3a ff", kSource6,
                          "ff0200000000000000000001ff000010", "8700 0000 00000000", kTarget6, "0101 020000000001",
                          "0101 020000000001"});
  const Packet packet = Parse(twice);
  CHECK(packet.malformed && packet.nd_target == Address{} && packet.ip.icmp_type == gateway::kSolicitation);
}

}  // namespace

int main() {
  Test("the fields of a sound frame are read", Sound);
  Test("a frame that ends early is malformed, and one that is partly captured is cut", CutOffEverywhere);
  Test("a frame with any octet changed is read within its bounds", EveryOctetChanged);
  Test("neighbour discovery with the same option twice has no target", AnOptionTwice);
}
