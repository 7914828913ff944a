#pragma once

#include <napi.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "system_error.h"
#include "unique_fd.h"

namespace gateway {

/// How long a full queue of the receiver may hold this process up.
inline constexpr timeval kDatagramPatience = {0, 100'000};

/// sendDatagram(path, text): sends one datagram to a socket of the file system, or to one of the abstract namespace if
/// the path begins with '@' (unix(7); sd_notify(3), NOTIFY_SOCKET). Node.js has no datagrams of this family.
inline void SendDatagram(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsString() || !info[1].IsString()) {
    Napi::TypeError::New(env, "path and text must be strings").ThrowAsJavaScriptException();
    return;
  }
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const std::string text = info[1].As<Napi::String>().Utf8Value();
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  // A name in the file system ends with a NUL.
  if (path.empty() || path.size() >= sizeof address.sun_path) return ThrowErrno(env, EINVAL, "sendto");
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';

  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return ThrowErrno(env, errno, "socket");
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kDatagramPatience, sizeof kDatagramPatience);
  const socklen_t length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const ssize_t sent = ::sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), length);
  if (sent < 0) ThrowErrno(env, errno, "sendto");
}

}  // namespace gateway
