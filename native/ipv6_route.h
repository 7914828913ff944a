#pragma once

#include <linux/ipv6_route.h>
#include <napi.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "system_error.h"
#include "unique_fd.h"

namespace gateway {

/// Copies an argument of 16 octets; returns whether it is one.
inline bool CopyAddress(const Napi::Value& value, in6_addr& to) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return false;
  const Napi::Uint8Array bytes = value.As<Napi::Uint8Array>();
  if (bytes.ElementLength() != sizeof to) return false;
  std::memcpy(&to, bytes.Data(), sizeof to);
  return true;
}

/// changeIpv6Route(adds, device, dst, prefix, gateway, metric, flags, seconds): adds a route of table `main`, or deletes
/// it. The ioctl takes all flags of linux/ipv6_route.h, also those of a route that a router has advertised: netlink, and
/// so `ip`, cannot set them.
inline void ChangeIpv6Route(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  in6_rtmsg message = {};
  if (info.Length() != 8 || !info[0].IsBoolean() || !info[1].IsString() || !CopyAddress(info[2], message.rtmsg_dst) ||
      !info[3].IsNumber() || !CopyAddress(info[4], message.rtmsg_gateway) || !info[5].IsNumber() ||
      !info[6].IsNumber() || !info[7].IsNumber()) {
    Napi::TypeError::New(env, "a route has adds, device, dst, prefix, gateway, metric, flags and seconds")
        .ThrowAsJavaScriptException();
    return;
  }
  const auto number = [&info](std::size_t index) { return info[index].As<Napi::Number>().Uint32Value(); };
  message.rtmsg_dst_len = static_cast<std::uint16_t>(number(3));
  message.rtmsg_metric = number(5);
  message.rtmsg_flags = number(6);
  message.rtmsg_info = static_cast<unsigned long>(number(7)) * static_cast<unsigned long>(::sysconf(_SC_CLK_TCK));
  const std::string device = info[1].As<Napi::String>().Utf8Value();
  const unsigned index = ::if_nametoindex(device.c_str());
  if (index == 0) return ThrowErrno(env, errno, "if_nametoindex");
  message.rtmsg_ifindex = static_cast<int>(index);

  const UniqueFd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return ThrowErrno(env, errno, "socket");
  const bool adds = info[0].As<Napi::Boolean>().Value();
  if (::ioctl(fd.get(), adds ? SIOCADDRT : SIOCDELRT, &message) < 0) ThrowErrno(env, errno, "ioctl");
}

}  // namespace gateway
