// A libFuzzer target for the parser and the class table: any octets, of which the capture holds any part.

#include <cstddef>
#include <cstdint>

#include "../class_table.h"
#include "check.h"
#include "frame.h"

using gateway::Bytes;
using gateway::ClassTable;
using gateway::PacketClass;
using gateway::Parse;
using gateway::PortRole;

namespace {

ClassTable MakeTable(bool has_range) {
  gateway::GatewayFacts facts;
  facts.mac = 0x0a58cb00710a;
  facts.link_local = {0xfe80000000000000, 0x0858cbfffe00710a};
  facts.has_phys = true;
  facts.has_patch = true;
  facts.addresses.Add(gateway::kEtherIpv4, {0, 0xcb00710a});
  facts.addresses.Add(gateway::kEtherIpv6, {0x20010db800000000, 0x10});
  facts.served.Add(gateway::kEtherIpv4, {0, 0xc6336407});
  facts.served.Add(gateway::kEtherIpv6, {0x20010db800010000, 7});
  facts.tcp_ports.set(30080);
  if (has_range) facts.range.emplace(61000, 65535);
  return ClassTable(facts);
}

}  // namespace

/// The first octet selects port role, tracking and table; the second says how many octets the capture lacks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ClassTable tables[2] = {MakeTable(false), MakeTable(true)};
  if (size < 2) return 0;
  const auto role = static_cast<PortRole>(data[0] & 3);
  const bool tracked = (data[0] & 4) != 0;
  const ClassTable& table = tables[data[0] >> 3 & 1];
  const Exact whole(Bytes(data + 2, size - 2));
  const Exact part(whole.bytes().first(whole.bytes().size() - std::min<std::size_t>(data[1], size - 2)));

  const auto of_whole = Parse(whole.bytes());
  CHECK(!of_whole.cut);
  const PacketClass name = table.Classify(of_whole, role, tracked);
  CHECK(name > PacketClass::kTruncated && name <= PacketClass::kOther);

  // A partly captured frame has the class of the whole frame, or is truncated.
  const auto of_part = Parse(part.bytes(), whole.bytes().size());
  const PacketClass held = table.Classify(of_part, role, tracked);
  CHECK(of_part.cut ? held == PacketClass::kTruncated : held == name);
  Parse(part.bytes());
  return 0;
}
