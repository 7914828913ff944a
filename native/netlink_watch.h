#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <napi.h>
#include <sys/socket.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>

#include "system_error.h"
#include "unique_fd.h"

namespace gateway {

/// Tells that links, addresses, neighbours or routes changed (rtnetlink(7)), not what: messages are read and dropped,
/// one call stands for all that came at once, and lost ones (ENOBUFS) count as news too.
class NetlinkWatch : public Napi::ObjectWrap<NetlinkWatch> {
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

    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok) return ThrowErrno(env, ENOTSUP, "napi_get_uv_event_loop");
    poll_ = std::make_unique<Poll>();
    poll_->fd = std::move(fd);
    poll_->owner = this;
    if (const int error = uv_poll_init(loop, &poll_->handle, poll_->fd.get()); error < 0) {
      poll_.reset();
      return ThrowErrno(env, -error, "uv_poll_init");
    }
    poll_->handle.data = poll_.get();
    uv_poll_start(&poll_->handle, UV_READABLE, &NetlinkWatch::OnReadable);
    changed_ = Napi::Persistent(info[1].As<Napi::Function>());
    context_ = std::make_unique<Napi::AsyncContext>(env, "NetlinkWatch");
    Ref();
    napi_add_async_cleanup_hook(env, &NetlinkWatch::OnEnvCleanup, poll_.get(), &poll_->hook);
  }

  /// Outlives its owner until libuv has let go of the handle.
  struct Poll {
    uv_poll_t handle = {};
    UniqueFd fd;
    NetlinkWatch* owner = nullptr;
    /// Held until libuv has let go: Node unloads the addon of a thread that ends, with the code that libuv would call.
    napi_async_cleanup_hook_handle hook = nullptr;
  };

  static void OnEnvCleanup(napi_async_cleanup_hook_handle, void* poll) {
    if (NetlinkWatch* owner = static_cast<Poll*>(poll)->owner; owner != nullptr) owner->Stop();
  }

  static void OnClosed(uv_handle_t* handle) {
    const std::unique_ptr<Poll> poll(static_cast<Poll*>(handle->data));
    napi_remove_async_cleanup_hook(poll->hook);
  }

  static void OnReadable(uv_poll_t* handle, int status, int) {
    auto* poll = static_cast<Poll*>(handle->data);
    if (poll->owner == nullptr) return;
    const bool heard = Drain(poll->fd.get());
    // A socket that has lost messages polls as one in error, at which libuv stops to listen (uv_poll_start, UV_EBADF).
    if (status < 0) uv_poll_start(handle, UV_READABLE, &NetlinkWatch::OnReadable);
    if (!heard) return;
    NetlinkWatch& watch = *poll->owner;
    Napi::Env env = watch.Env();
    Napi::HandleScope scope(env);
    watch.changed_.MakeCallback(env.Global(), {}, *watch.context_);
  }

  /// Reads all that is there; whether anything was.
  static bool Drain(int fd) {
    std::array<std::uint8_t, 16384> buffer;
    bool heard = false;
    for (;;) {
      const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), MSG_TRUNC);
      if (size >= 0 || errno == ENOBUFS) {
        heard = true;
      } else if (errno != EINTR) {
        return heard;
      }
    }
  }

  void Close(const Napi::CallbackInfo&) {
    if (poll_) Napi::ObjectWrap<NetlinkWatch>::Unref();
    Stop();
  }

  /// unref(): lets the process end though this still watches.
  void Unref(const Napi::CallbackInfo&) {
    if (poll_) uv_unref(reinterpret_cast<uv_handle_t*>(&poll_->handle));
  }

  void Stop() {
    if (!poll_) return;
    poll_->owner = nullptr;
    uv_poll_stop(&poll_->handle);
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_.release()->handle), &NetlinkWatch::OnClosed);
    changed_.Reset();
    context_.reset();
  }

  std::unique_ptr<Poll> poll_;
  Napi::FunctionReference changed_;
  std::unique_ptr<Napi::AsyncContext> context_;
};

}  // namespace gateway
