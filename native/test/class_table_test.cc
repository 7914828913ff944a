// Tests the class table alone. test/demux compares it with the flows.

#include "../class_table.h"

#include <memory>
#include <string_view>
#include <utility>

#include "check.h"
#include "frame.h"

using gateway::ClassCounts;
using gateway::ClassTable;
using gateway::GatewayFacts;
using gateway::PacketClass;
using gateway::Parse;
using gateway::PortRole;

namespace {

GatewayFacts Facts() {
  GatewayFacts facts;
  facts.mac = 0x0a58cb00710a;
  facts.link_local = {0xfe80000000000000, 0x0858cbfffe00710a};
  facts.has_phys = true;
  facts.has_patch = true;
  facts.addresses.Add(gateway::kEtherIpv4, {0, 0xcb00710a});
  for (std::uint64_t last = 200; last > 0; --last) facts.served.Add(gateway::kEtherIpv4, {0, 0xc6336400 + last});
  facts.ports_at.push_back({gateway::kEtherIpv4, 17, 8053, {0, 0xcb007163}});
  facts.tcp_ports.set(30080);
  facts.range.emplace(61000, 65535);
  return facts;
}

auto Udp(std::string_view dst, std::string_view port) {
  return Hex({"0a58cb00710a 020000000001 0800 4500001c 00010000 4011 0000 cb007101", dst, "1388", port, "0008 0000"});
}

void Rows() {
  const auto table = std::make_shared<const ClassTable>(Facts());
  const auto classify = [&](const auto& frame, PortRole role) { return table->Classify(Parse(frame), role); };
  CHECK(classify(Udp("cb00710a", "17c1"), PortRole::kPhys) == PacketClass::kTunnel);
  CHECK(classify(Udp("cb00710a", "ee48"), PortRole::kPhys) == PacketClass::kPodReturn);
  CHECK(classify(Udp("cb00710a", "ee47"), PortRole::kPhys) == PacketClass::kManagement);
  CHECK(classify(Udp("c6336407", "0035"), PortRole::kPhys) == PacketClass::kExternal);
  CHECK(classify(Udp("c63364c9", "0035"), PortRole::kPhys) == PacketClass::kManagement);
  CHECK(classify(Udp("cb007163", "1f75"), PortRole::kPhys) == PacketClass::kNodePort);
  CHECK(classify(Udp("cb007163", "1f76"), PortRole::kPhys) == PacketClass::kManagement);
  CHECK(classify(Udp("cb00710a", "1f75"), PortRole::kPhys) == PacketClass::kManagement);
  CHECK(classify(Udp("cb00710a", "ee48"), PortRole::kLocal) == PacketClass::kHostOut);
  CHECK(classify(Udp("cb00710a", "ee48"), PortRole::kPatch) == PacketClass::kPodDrop);
  CHECK(classify(Udp("cb00710a", "ee48"), PortRole::kOther) == PacketClass::kOther);
  // Tags: of priority 3, of VLAN 100, and both.
  const auto tagged = [&](std::string_view tags, PortRole role) {
    return classify(Hex({"0a58cb00710a 0a58cb00710a", tags, "0800 4500001c 00010000 4011 0000 cb00710a cb00710a 1388ee48 0008 0000"}), role);
  };
  CHECK(tagged("8100 6000", PortRole::kPhys) == PacketClass::kPodReturn);
  CHECK(tagged("8100 6000", PortRole::kPatch) == PacketClass::kPodOut);
  for (const std::string_view vlan : {"8100 6064", "8100 6000 8100 0064", "8100 6000 88a8 6000"}) {
    CHECK(tagged(vlan, PortRole::kPhys) == PacketClass::kOther);
    CHECK(tagged(vlan, PortRole::kLocal) == PacketClass::kOther);
    CHECK(tagged(vlan, PortRole::kPatch) == PacketClass::kPodDrop);
  }
  const auto frame = Udp("cb00710a", "ee48");
  CHECK(table->Classify(Parse(gateway::Bytes(frame).first(36), frame.size()), PortRole::kPhys) == PacketClass::kTruncated);
}

void TrackedWithoutPorts() {
  const ClassTable table(Facts());
  const auto gre = Hex({"0a58cb00710a 020000000001 0800 45000018 00010000 402f 0000 cb007101 cb00710a 00000000"});
  CHECK(table.Classify(Parse(gre), PortRole::kPhys) == PacketClass::kManagement);
  CHECK(table.Classify(Parse(gre), PortRole::kPhys, true) == PacketClass::kPodReturn);
  const auto udp = Udp("cb00710a", "0035");
  CHECK(table.Classify(Parse(udp), PortRole::kPhys, true) == PacketClass::kManagement);
}

void Tracked() {
  GatewayFacts facts = Facts();
  facts.range.reset();
  const ClassTable table(std::move(facts));
  const auto frame = Udp("cb00710a", "ee48");
  CHECK(table.Classify(Parse(frame), PortRole::kPhys) == PacketClass::kManagement);
  CHECK(table.Classify(Parse(frame), PortRole::kPhys, true) == PacketClass::kPodReturn);
}

void Counted() {
  ClassCounts counts;
  counts.Count(PacketClass::kOther, 60, false);
  counts.Count(PacketClass::kOther, 1500, true);
  CHECK(counts.packets[15] == 2 && counts.bytes[15] == 1560 && counts.malformed == 1);
}

}  // namespace

int main() {
  Test("a packet has the class of its row in the table", Rows);
  Test("with a range a tracked packet without ports belongs to a pod", TrackedWithoutPorts);
  Test("without a range a tracked packet belongs to a pod", Tracked);
  Test("packets and bytes are counted by class", Counted);
}
