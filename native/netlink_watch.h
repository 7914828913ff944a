#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <napi.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "callback.h"
#include "fd_watch.h"
#include "system_error.h"
#include "unique_fd.h"

namespace gateway {

/// Notifies that links, addresses, neighbours or routes changed (rtnetlink(7)), without saying which. It drops the
/// messages, makes one call for all that arrived together, and counts lost messages (ENOBUFS) as a change.
class NetlinkWatch : public Napi::ObjectWrap<NetlinkWatch>, private FdWatch::Listener {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "NetlinkWatch",
                       {InstanceMethod<&NetlinkWatch::Close>("close"), InstanceMethod<&NetlinkWatch::Unref>("unref")});
  }

  /// new NetlinkWatch(groups, changed): `groups` is a bit mask of RTMGRP_*.
  explicit NetlinkWatch(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NetlinkWatch>(info) { Open(info); }

  ~NetlinkWatch() override { Stop(); }

 private:
  void Open(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (info.Length() != 2 || !info[0].IsNumber() || !info[1].IsFunction()) {
      Napi::TypeError::New(env, "groups must be a number, changed a function").ThrowAsJavaScriptException();
      return;
    }
    UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    if (!fd) return ThrowErrno(env, errno, "socket");
    sockaddr_nl address = {};
    address.nl_family = AF_NETLINK;
    address.nl_groups = info[0].As<Napi::Number>().Uint32Value();
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
      return ThrowErrno(env, errno, "bind");
    }

    if (!watch_.Start(env, std::move(fd), *this)) return;
    changed_ = Callback(info[1].As<Napi::Function>(), "NetlinkWatch");
    Ref();
  }

  void OnReadable(int status) override {
    const bool received = Drain(watch_.fd());
    // A socket that lost messages polls as an error, at which libuv stops polling (uv_poll_start, UV_EBADF).
    if (status < 0) watch_.Listen();
    if (!received) return;
    Napi::HandleScope scope(Env());
    changed_(Env(), {});
  }

  void OnEnvEnd() override { Stop(); }

  /// Reads and drops all messages. @returns whether there was one
  static bool Drain(int fd) {
    std::array<std::uint8_t, 16384> buffer;
    bool received = false;
    for (;;) {
      const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), MSG_TRUNC);
      if (size >= 0 || errno == ENOBUFS) {
        received = true;
      } else if (errno != EINTR) {
        return received;
      }
    }
  }

  void Close(const Napi::CallbackInfo&) {
    if (watch_) Napi::ObjectWrap<NetlinkWatch>::Unref();
    Stop();
  }

  /// unref(): lets the process end while the watch runs.
  void Unref(const Napi::CallbackInfo&) { watch_.Unref(); }

  void Stop() {
    watch_.Stop();
    changed_.Reset();
  }

  FdWatch watch_;
  Callback changed_;
};

}  // namespace gateway
