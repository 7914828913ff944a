#pragma once

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <napi.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "callback.h"
#include "fd_watch.h"
#include "system_error.h"
#include "unique_fd.h"

namespace gateway {

/// Notifies that links, addresses, neighbours or routes changed (rtnetlink(7)), or tables, chains, rules or sets of
/// nftables, without saying which. It drops the messages, makes one call for all that arrived together, and counts lost
/// messages (ENOBUFS) as a change.
class NetlinkWatch : public Napi::ObjectWrap<NetlinkWatch>, private FdWatch::Listener {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "NetlinkWatch",
                       {InstanceMethod<&NetlinkWatch::Close>("close"), InstanceMethod<&NetlinkWatch::Unref>("unref")});
  }

  /// new NetlinkWatch(groups, changed, protocol = NETLINK_ROUTE): `groups` is a bit mask, of RTMGRP_* for NETLINK_ROUTE,
  /// of 1 << (NFNLGRP_* - 1) for NETLINK_NETFILTER.
  explicit NetlinkWatch(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NetlinkWatch>(info) { Open(info); }

  ~NetlinkWatch() override { Stop(); }

 private:
  void Open(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    const bool has_protocol = info.Length() == 3 && info[2].IsNumber();
    if ((info.Length() != 2 && !has_protocol) || !info[0].IsNumber() || !info[1].IsFunction()) {
      Napi::TypeError::New(env, "groups and protocol must be numbers, changed a function")
          .ThrowAsJavaScriptException();
      return;
    }
    const int protocol = has_protocol ? info[2].As<Napi::Number>().Int32Value() : NETLINK_ROUTE;
    UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
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

  /// Reads and drops all messages. @returns whether there was one that counts
  static bool Drain(int fd) {
    std::array<std::uint8_t, 16384> buffer;
    bool received = false;
    for (;;) {
      const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), MSG_TRUNC);
      if (size >= 0) {
        received = received || HasChange(buffer, static_cast<std::size_t>(size));
      } else if (errno == ENOBUFS) {
        received = true;
      } else if (errno != EINTR) {
        return received;
      }
    }
  }

  /// Whether there is a change in messages of `size` octets, of which the buffer has as many as it can hold.
  static bool HasChange(std::span<const std::uint8_t> buffer, std::size_t size) {
    if (size > buffer.size()) return true;
    auto left = buffer.first(size);
    nlmsghdr header = {};
    while (left.size() >= sizeof header) {
      std::memcpy(&header, left.data(), sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > left.size() || !IsOfElements(header.nlmsg_type)) {
        return true;
      }
      left = left.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), left.size()));
    }
    return false;
  }

  /// Whether a message says that elements of a set of nftables changed, which a program does to its own sets all the
  /// time, or that a transaction has ended. No type of rtnetlink is as large.
  static bool IsOfElements(std::uint16_t type) {
    if (NFNL_SUBSYS_ID(type) != NFNL_SUBSYS_NFTABLES) return false;
    const int message = NFNL_MSG_TYPE(type);
    return message == NFT_MSG_NEWSETELEM || message == NFT_MSG_DELSETELEM || message == NFT_MSG_NEWGEN;
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
