#pragma once

#include <napi.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace gateway {

/// Throws a failed system call into JavaScript, with `errno` and `syscall` as in Node's own errors.
inline void ThrowErrno(Napi::Env env, int error, const char* syscall) {
  Napi::Error exception = Napi::Error::New(env, std::string(syscall) + ": " + std::strerror(error));
  exception.Set("errno", Napi::Number::New(env, error));
  exception.Set("syscall", Napi::String::New(env, syscall));
  exception.ThrowAsJavaScriptException();
}

}  // namespace gateway
