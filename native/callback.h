#pragma once

#include <napi.h>

#include <initializer_list>
#include <memory>

#include "runs_javascript.h"

namespace gateway {

/// A JavaScript function that the loop calls, with no JavaScript below it: what it throws is an uncaught exception, as
/// it is of any callback of Node's. Left pending it would meet whoever calls the addon next, and no call after it would
/// be made.
class Callback {
 public:
  Callback() = default;
  Callback(Napi::Function function, const char* name)
      : function_(Napi::Persistent(function)), context_(std::make_shared<Napi::AsyncContext>(function.Env(), name)) {}

  /// What is called may reset this, and may end the thread.
  /// @returns whether JavaScript still runs
  bool operator()(Napi::Env env, std::initializer_list<napi_value> arguments) const {
    const auto context = context_;
    napi_value ignored = nullptr;
    const napi_status status = napi_make_callback(env, *context, env.Global(), function_.Value(), arguments.size(),
                                                  arguments.begin(), &ignored);
    if (status == napi_ok) return true;
    napi_value thrown = nullptr;
    napi_get_and_clear_last_exception(env, &thrown);
    // An exception that nobody catches ends the thread.
    if (RunsJavaScript(env)) napi_fatal_exception(env, thrown);
    return RunsJavaScript(env);
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
