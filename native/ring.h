#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "gateway_facts.h"
#include "ring_reader.h"
#include "system_error.h"

namespace gateway {

/// Gives JavaScript snapshots of a RingReader; no frame calls into JavaScript. The reader's thread ends with this
/// object, and so with its environment.
class Ring : public Napi::ObjectWrap<Ring> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Ring",
                       {InstanceMethod<&Ring::SetTable>("setFacts"), InstanceMethod<&Ring::Snapshot>("snapshot"),
                        InstanceMethod<&Ring::Close>("close")});
  }

  /// new Ring(interface, direction, role, entersOutgoing, facts): throws with `errno` and `syscall`.
  explicit Ring(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Ring>(info) { Open(info); }

 private:
  void Open(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (info.Length() != 5 || !info[0].IsString() || !info[1].IsNumber() || !info[2].IsNumber() ||
        !info[3].IsBoolean()) {
      Napi::TypeError::New(env, "Ring: an argument has the wrong type").ThrowAsJavaScriptException();
      return;
    }
    const std::uint32_t direction = info[1].As<Napi::Number>().Uint32Value();
    const std::uint32_t role = info[2].As<Napi::Number>().Uint32Value();
    if (direction > static_cast<std::uint32_t>(Direction::kOutgoing) ||
        role > static_cast<std::uint32_t>(PortRole::kOther)) {
      Napi::RangeError::New(env, "no such direction or port role").ThrowAsJavaScriptException();
      return;
    }
    auto table = GatewayFactsReader::Read(info[4]);
    if (table == nullptr) return;
    auto reader = std::make_unique<RingReader>(RingReader::Options{.interface = info[0].As<Napi::String>(),
                                                                   .direction = static_cast<Direction>(direction),
                                                                   .role = static_cast<PortRole>(role),
                                                                   .enters_outgoing = info[3].As<Napi::Boolean>(),
                                                                   .table = std::move(table)});
    if (const auto [error, syscall] = reader->Start(); error != 0) return ThrowErrno(env, error, syscall);
    reader_ = std::move(reader);
  }

  /// setFacts(facts): classifies the frames that follow by another state.
  void SetTable(const Napi::CallbackInfo& info) {
    auto table = GatewayFactsReader::Read(info[0]);
    if (table != nullptr && reader_) reader_->SetTable(std::move(table));
  }

  /// snapshot(talkers): returns a RingSnapshot of src/native.ts; undefined once closed.
  Napi::Value Snapshot(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber()) {
      Napi::TypeError::New(env, "talkers must be a number").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    if (!reader_) return env.Undefined();
    const std::size_t most = info[0].As<Napi::Number>().Uint32Value();
    // The reader's thread waits during the copy, so objects are made afterwards.
    auto totals = std::make_unique<RingTotals>();
    auto talkers = std::make_unique<Talkers>();
    PacketRing::Statistics statistics;
    reader_->Snapshot([&](const RingTotals& now, const Talkers& who, const PacketRing::Statistics& kernel) {
      *totals = now;
      *talkers = who;
      statistics = kernel;
    });
    Napi::Object result = Napi::Object::New(env);
    result.Set("counts", CountsOf(env, totals->classes));
    result.Set("leavingPackets", Napi::BigInt::New(env, totals->leaving_packets));
    result.Set("leavingBytes", Napi::BigInt::New(env, totals->leaving_bytes));
    result.Set("seen", Napi::BigInt::New(env, statistics.seen));
    result.Set("dropped", Napi::BigInt::New(env, statistics.dropped));
    result.Set("errno", Napi::Number::New(env, totals->error));
    Napi::Array list = Napi::Array::New(env);
    for (const Talker& one : talkers->Heaviest(most)) list.Set(list.Length(), TalkerFor(env, one));
    result.Set("talkers", list);
    Napi::Array samples = Napi::Array::New(env);
    for (std::size_t id = 0; id < kClassIds; ++id) {
      const Sample& sample = totals->samples[id];
      if (sample.size == 0) continue;
      Napi::Object each = Napi::Object::New(env);
      each.Set("classId", Napi::Number::New(env, static_cast<double>(id)));
      each.Set("wireLength", Napi::Number::New(env, static_cast<double>(sample.length)));
      each.Set("frame", Napi::Buffer<std::uint8_t>::Copy(env, sample.held.data(), sample.size));
      samples.Set(samples.Length(), each);
    }
    result.Set("samples", samples);
    return result;
  }

  void Close(const Napi::CallbackInfo&) { reader_.reset(); }

  /// Converts counts into the layout that `classify` adds to.
  static Napi::Value CountsOf(Napi::Env env, const ClassCounts& counts) {
    auto array = Napi::TypedArrayOf<std::uint64_t>::New(env, 2 * kClassIds + 1, napi_biguint64_array);
    for (std::size_t id = 0; id < kClassIds; ++id) {
      array[id] = counts.packets[id];
      array[kClassIds + id] = counts.bytes[id];
    }
    array[2 * kClassIds] = counts.malformed;
    return array;
  }

  static Napi::Value TalkerFor(Napi::Env env, const Talker& talker) {
    const std::size_t size = talker.type == kEtherIpv6 ? 16 : talker.type == kEtherIpv4 ? 4 : 6;
    auto address = Napi::Buffer<std::uint8_t>::New(env, size);
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t from_end = size - 1 - i;
      const std::uint64_t half = from_end >= 8 ? talker.address.hi : talker.address.lo;
      address[i] = static_cast<std::uint8_t>(half >> (from_end % 8 * 8));
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("address", address);
    result.Set("classId", Napi::Number::New(env, static_cast<double>(talker.name)));
    result.Set("packets", Napi::BigInt::New(env, talker.packets));
    result.Set("bytes", Napi::BigInt::New(env, talker.bytes));
    return result;
  }

  std::unique_ptr<RingReader> reader_;
};

}  // namespace gateway
