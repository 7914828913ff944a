#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "batch_classifier.h"
#include "class_table.h"
#include "gateway_facts.h"
#include "typed_array.h"

namespace gateway {

/// Classifies batches of frames for JavaScript, without allocating anything for a frame.
class Classifier : public Napi::ObjectWrap<Classifier> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Classifier", {InstanceMethod<&Classifier::Classify>("classify")});
  }

  /// Returns the names of the classes by number, from 1.
  static Napi::Array ClassNames(Napi::Env env) {
    Napi::Array names = Napi::Array::New(env);
    for (const char* name : kClassNames) names.Set(names.Length(), Napi::String::New(env, name));
    return names;
  }

  /// new Classifier(facts)
  explicit Classifier(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Classifier>(info), table_(GatewayFactsReader::Read(info[0])) {}

 private:
  /// classify(frames, offsets, lengths, wireLengths, role, tracked, classes, counts): adds to `counts` the packets and
  /// bytes of each class, and the malformed packets. Throws RangeError if a frame is not within `frames`.
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
      Napi::TypeError::New(env, "classify: an argument has the wrong type").ThrowAsJavaScriptException();
      return;
    }
    const std::uint32_t role = info[4].As<Napi::Number>().Uint32Value();
    const std::size_t count = offsets->size();
    if (lengths->size() != count || wire_lengths->size() != count || classes->size() < count ||
        totals->size() != 2 * kClassIds + 1 || role > static_cast<std::uint32_t>(PortRole::kOther)) {
      Napi::RangeError::New(env, "the arrays do not fit each other").ThrowAsJavaScriptException();
      return;
    }
    const Batch batch{*frames, *offsets, *lengths, *wire_lengths};
    ClassCounts counts;
    BatchClassifier classifier(*table_, batch, static_cast<PortRole>(role), info[5].As<Napi::Boolean>(),
                               classes->first(count));
    const std::size_t done = classifier.Classify(counts);
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

  std::shared_ptr<const ClassTable> table_;
};

}  // namespace gateway
