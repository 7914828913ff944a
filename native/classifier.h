#pragma once

#include <napi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "class_table.h"
#include "gateway_facts.h"
#include "packet.h"
#include "typed_array.h"

namespace gateway {

/// A class table for JavaScript: frames by the batch, nothing allocated for any of them.
class Classifier : public Napi::ObjectWrap<Classifier> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Classifier", {InstanceMethod<&Classifier::Classify>("classify")});
  }

  /// The names of the classes by their numbers, from 1.
  static Napi::Array ClassNames(Napi::Env env) {
    Napi::Array names = Napi::Array::New(env);
    for (const char* name : kClassNames) names.Set(names.Length(), Napi::String::New(env, name));
    return names;
  }

  /// new Classifier(facts)
  explicit Classifier(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Classifier>(info), table_(GatewayFactsReader::Read(info[0])) {}

 private:
  /// How far ahead of the frame that is looked at the next ones are fetched: frames in a large buffer are in no cache.
  static constexpr std::size_t kAhead = 16;

  /// classify(frames, offsets, lengths, wireLengths, side, tracked, classes, counts): adds to `counts` the packets of
  /// each class, their bytes, and how many were malformed. Throws RangeError where a frame is not within `frames`.
  void Classify(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto frames = TypedArray<std::uint8_t>(info[0]);
    const auto offsets = TypedArray<std::uint32_t>(info[1]);
    const auto lengths = TypedArray<std::uint32_t>(info[2]);
    const auto wire_lengths = TypedArray<std::uint32_t>(info[3]);
    const auto classes = TypedArray<std::uint8_t>(info[6]);
    const auto totals = TypedArray<std::uint64_t>(info[7]);
    if (!frames || !offsets || !lengths || !wire_lengths || !info[4].IsNumber() || !info[5].IsBoolean() || !classes ||
        !totals) {
      Napi::TypeError::New(env, "not the arguments of classify").ThrowAsJavaScriptException();
      return;
    }
    const std::uint32_t side = info[4].As<Napi::Number>().Uint32Value();
    const std::size_t count = offsets->size();
    if (lengths->size() != count || wire_lengths->size() != count || classes->size() < count ||
        totals->size() != 2 * kClassIds + 1 || side > static_cast<std::uint32_t>(Side::kOther)) {
      Napi::RangeError::New(env, "the arrays do not fit each other").ThrowAsJavaScriptException();
      return;
    }
    const Batch batch{*frames, *offsets, *lengths, *wire_lengths};
    ClassCounts counts;
    const std::size_t done =
        Each(batch, static_cast<Side>(side), info[5].As<Napi::Boolean>(), *classes, counts);
    if (done < count) {
      const std::string message = "frame " + std::to_string(done) + " is not within the buffer";
      Napi::RangeError::New(env, message).ThrowAsJavaScriptException();
      return;
    }
    for (std::size_t id = 0; id < kClassIds; ++id) {
      (*totals)[id] += counts.packets[id];
      (*totals)[kClassIds + id] += counts.bytes[id];
    }
    (*totals)[2 * kClassIds] += counts.malformed;
  }

  struct Batch {
    Bytes frames;
    std::span<const std::uint32_t> offsets;
    std::span<const std::uint32_t> lengths;
    std::span<const std::uint32_t> wire_lengths;
  };

  /// How many frames were classified: all but where one is not within the buffer.
  std::size_t Each(const Batch& batch, Side side, bool tracked, std::span<std::uint8_t> classes,
                   ClassCounts& counts) const noexcept {
    const Bytes frames = batch.frames;
    const std::size_t count = batch.offsets.size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t offset = batch.offsets[i];
      if (offset > frames.size() || batch.lengths[i] > frames.size() - offset) return i;
      if (i + kAhead < count) Fetch(frames, batch.offsets[i + kAhead]);
      const Packet packet = Parse(frames.subspan(offset, batch.lengths[i]), batch.wire_lengths[i]);
      const PacketClass name = table_->Classify(packet, side, tracked);
      classes[i] = static_cast<std::uint8_t>(name);
      counts.Count(name, batch.wire_lengths[i], packet.malformed);
    }
    return count;
  }

  /// The two cache lines that headers lie in, mostly.
  static void Fetch(Bytes frames, std::size_t offset) noexcept {
    constexpr std::size_t kLine = 64;
    if (offset < frames.size()) __builtin_prefetch(&frames[offset]);
    if (offset + kLine < frames.size()) __builtin_prefetch(&frames[offset + kLine]);
  }

  std::shared_ptr<const ClassTable> table_;
};

}  // namespace gateway
