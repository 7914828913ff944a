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

  /// What is called may reset this, and may end the thread: then no JavaScript can be called any more, for which
  /// node-addon-api's MakeCallback would end the process.
  /// @returns whether JavaScript still runs
  bool operator()(Napi::Env env, std::initializer_list<napi_value> arguments) const {
    const auto context = context_;
    napi_value ignored = nullptr;
    const napi_status status = napi_make_callback(env, *context, env.Global(), function_.Value(), arguments.size(),
                                                  arguments.begin(), &ignored);
    if (status == napi_ok) return true;
    napi_value thrown = nullptr;
    napi_get_and_clear_last_exception(env, &thrown);
    if (!RunsJavaScript(env)) return false;
    return napi_fatal_exception(env, thrown) == napi_ok;
  }

  /// Only a call that would need JavaScript can tell.
  static bool RunsJavaScript(Napi::Env env) {
    const Napi::HandleScope scope(env);
    napi_value result = nullptr;
    return napi_coerce_to_bool(env, env.Undefined(), &result) == napi_ok;
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
