#pragma once

#include <napi.h>

#include <initializer_list>
#include <memory>

namespace gateway {

/// A JavaScript function that the loop calls, with no JavaScript below it: what it throws is an uncaught exception, as
/// it is of any callback of Node's. Left pending it would meet whoever calls the addon next, and no call after it would
/// be made.
class Callback {
 public:
  Callback() = default;
  Callback(Napi::Function function, const char* name)
      : function_(Napi::Persistent(function)), context_(std::make_shared<Napi::AsyncContext>(function.Env(), name)) {}

  /// What is called may reset this.
  void operator()(Napi::Env env, std::initializer_list<napi_value> arguments) const {
    const auto context = context_;
    function_.MakeCallback(env.Global(), arguments, *context);
    if (!env.IsExceptionPending()) return;
    napi_value thrown = nullptr;
    napi_get_and_clear_last_exception(env, &thrown);
    napi_fatal_exception(env, thrown);
  }

  void Reset() {
    function_.Reset();
    context_.reset();
  }

 private:
  Napi::FunctionReference function_;
  std::shared_ptr<Napi::AsyncContext> context_;
};

}  // namespace gateway
