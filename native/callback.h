#pragma once

#include <napi.h>

#include <initializer_list>
#include <memory>

namespace gateway {

/// A JavaScript function that the event loop calls, with no JavaScript below it on the stack. An exception that it
/// throws becomes an uncaught exception, as for any callback of Node. If it stayed pending, the next caller of the
/// addon would receive it, and no further callback could run.
class Callback {
 public:
  Callback() = default;
  Callback(Napi::Function function, const char* name)
      : function_(Napi::Persistent(function)), context_(std::make_shared<Napi::AsyncContext>(function.Env(), name)) {}

  /// Calls the function, which may reset this object.
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
