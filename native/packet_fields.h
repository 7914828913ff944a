#pragma once

#include <napi.h>

#include <cstdint>

#include "packet.h"
#include "typed_array.h"

namespace gateway {

/// Converts a packet for JavaScript: its fields by the names of src/openflow/fields.ts, as bigints, and its faults. The
/// fields of a header that is too short are 0, as in Open vSwitch.
class PacketFields {
 public:
  /// parsePacket(frame, wireLength)
  static Napi::Value OfFrame(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto frame = TypedArray<std::uint8_t>(info[0]);
    if (!frame || !info[1].IsNumber()) {
      Napi::TypeError::New(env, "frame must be a Uint8Array, wireLength a number").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    const Packet packet = Parse(*frame, info[1].As<Napi::Number>().Uint32Value());
    Napi::Object result = Napi::Object::New(env);
    result.Set("fields", PacketFields(env).Of(packet));
    result.Set("malformed", packet.malformed);
    result.Set("cut", packet.cut);
    if (packet.quoted.type != 0) result.Set("quoted", PacketFields(env).Of(packet.quoted));
    return result;
  }

 private:
  explicit PacketFields(Napi::Env env) : env_(env), fields_(Napi::Object::New(env)) {}

  Napi::Object Of(const Packet& packet) {
    Set("dl_type", packet.dl_type);
    Set("vlan_tci", packet.vlan_tci);
    Set("dl_src", packet.dl_src);
    Set("dl_dst", packet.dl_dst);
    if (packet.dl_type == kEtherArp) {
      Set("arp_spa", packet.arp.spa.lo);
      Set("arp_tpa", packet.arp.tpa.lo);
      Set("arp_op", packet.arp.op);
      Set("arp_sha", packet.arp.sha);
    }
    SetIp(packet.ip);
    if (packet.ip.type == kEtherIpv6 && packet.ip.proto == kIcmp6 &&
        (packet.ip.icmp_type == kSolicitation || packet.ip.icmp_type == kAdvertisement)) {
      Set("nd_target", packet.nd_target);
    }
    return fields_;
  }

  Napi::Object Of(const Ip& quoted) {
    Set("dl_type", quoted.type);
    SetIp(quoted);
    return fields_;
  }

  void SetIp(const Ip& ip) {
    if (ip.type == 0) return;
    if (ip.type == kEtherIpv4) {
      Set("nw_src", ip.src.lo);
      Set("nw_dst", ip.dst.lo);
    } else {
      Set("ipv6_src", ip.src);
      Set("ipv6_dst", ip.dst);
    }
    Set("nw_proto", ip.proto);
    // Bit 0: a fragment. Bit 1: not the first.
    Set("nw_frag", ip.frag);
    if (ip.proto == (ip.type == kEtherIpv4 ? kIcmp : kIcmp6)) {
      Set("icmp_type", ip.icmp_type);
      Set("icmp_code", ip.icmp_code);
    } else if (ip.proto == kTcp || ip.proto == kUdp || ip.proto == kSctp) {
      Set("tp_src", ip.tp_src);
      Set("tp_dst", ip.tp_dst);
    }
  }

  void Set(const char* name, std::uint64_t value) { fields_.Set(name, Napi::BigInt::New(env_, value)); }

  void Set(const char* name, const Address& address) {
    const std::uint64_t words[2] = {address.lo, address.hi};
    fields_.Set(name, Napi::BigInt::New(env_, 0, 2, words));
  }

  Napi::Env env_;
  Napi::Object fields_;
};

}  // namespace gateway
