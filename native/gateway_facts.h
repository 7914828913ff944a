#pragma once

#include <napi.h>

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "class_table.h"
#include "typed_array.h"

namespace gateway {

/// Reads the GatewayFacts of src/native.ts. For any other value it throws TypeError into JavaScript and returns null.
class GatewayFactsReader {
 public:
  static std::shared_ptr<const ClassTable> Read(Napi::Value value) {
    const Napi::Env env = value.Env();
    GatewayFactsReader reader;
    if (!value.IsObject() || !reader.Fill(value.As<Napi::Object>())) {
      if (!env.IsExceptionPending()) Napi::TypeError::New(env, "not the facts of a gateway").ThrowAsJavaScriptException();
      return nullptr;
    }
    return std::make_shared<const ClassTable>(std::move(reader.facts_));
  }

 private:
  bool Fill(Napi::Object from) {
    const auto mac = TypedArray<std::uint8_t>(from.Get("mac"));
    const auto link_local = TypedArray<std::uint8_t>(from.Get("linkLocal"));
    if (!mac || mac->size() != 6 || !link_local || link_local->size() != 16) return false;
    facts_.mac = Be48(*mac, 0);
    facts_.link_local = parse::Ipv6At(*link_local, 0);
    facts_.has_phys = from.Get("phys").ToBoolean();
    facts_.has_patch = from.Get("patch").ToBoolean();
    facts_.other_ports = from.Get("otherPorts").ToBoolean();
    return Addresses(from.Get("addresses"), facts_.addresses) && Addresses(from.Get("served"), facts_.served) &&
           Addresses(from.Get("answered"), facts_.answered) &&
           Addresses(from.Get("servedSources"), facts_.served_sources) && PortsAt(from.Get("portsAt")) &&
           Ports(from.Get("tcp"), facts_.tcp_ports) &&
           Ports(from.Get("udp"), facts_.udp_ports) && Ports(from.Get("sctp"), facts_.sctp_ports) &&
           Range(from.Get("range"));
  }

  static bool Addresses(Napi::Value value, AddressSet& into) {
    if (!value.IsArray()) return false;
    const auto list = value.As<Napi::Array>();
    for (std::uint32_t i = 0; i < list.Length(); ++i) {
      const Napi::HandleScope scope(value.Env());
      const auto bytes = TypedArray<std::uint8_t>(list.Get(i));
      if (!bytes || (bytes->size() != 4 && bytes->size() != 16)) return false;
      if (bytes->size() == 4) {
        into.Add(kEtherIpv4, {0, Be32(*bytes, 0)});
      } else {
        into.Add(kEtherIpv6, parse::Ipv6At(*bytes, 0));
      }
    }
    return true;
  }

  /// Reads protocol, port and address of each.
  bool PortsAt(Napi::Value value) {
    if (!value.IsArray()) return false;
    const auto list = value.As<Napi::Array>();
    for (std::uint32_t i = 0; i < list.Length(); ++i) {
      const Napi::HandleScope scope(value.Env());
      const auto bytes = TypedArray<std::uint8_t>(list.Get(i));
      if (!bytes || (bytes->size() != 7 && bytes->size() != 19)) return false;
      const bool is_v4 = bytes->size() == 7;
      facts_.ports_at.push_back({.type = is_v4 ? kEtherIpv4 : kEtherIpv6,
                                 .proto = (*bytes)[0],
                                 .port = Be16(*bytes, 1),
                                 .address = is_v4 ? Address{0, Be32(*bytes, 3)} : parse::Ipv6At(*bytes, 3)});
    }
    std::sort(facts_.ports_at.begin(), facts_.ports_at.end());
    return true;
  }

  static bool Ports(Napi::Value value, std::bitset<65536>& into) {
    const auto ports = TypedArray<std::uint16_t>(value);
    if (!ports) return false;
    for (const std::uint16_t port : *ports) into.set(port);
    return true;
  }

  bool Range(Napi::Value value) {
    if (value.IsUndefined()) return true;
    const auto ends = TypedArray<std::uint16_t>(value);
    if (!ends || ends->size() != 2) return false;
    facts_.range.emplace((*ends)[0], (*ends)[1]);
    return true;
  }

  GatewayFacts facts_;
};

}  // namespace gateway
