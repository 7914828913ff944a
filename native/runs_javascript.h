#pragma once

#include <napi.h>

namespace gateway {

/// Whether the environment still runs JavaScript. Node-API has no question for it, but refuses what might run some when
/// the environment ends; of that this is the cheapest. The answer can be another one at once: a thread is ended by others.
inline bool RunsJavaScript(Napi::Env env) {
  const Napi::HandleScope scope(env);
  napi_value result = nullptr;
  return napi_coerce_to_bool(env, env.Undefined(), &result) == napi_ok;
}

}  // namespace gateway
