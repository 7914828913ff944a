#pragma once

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <napi.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <span>
#include <string>
#include <utility>

#include "callback.h"
#include "fd_watch.h"
#include "neighbour_filter.h"
#include "system_error.h"
#include "unique_fd.h"

namespace gateway {

/// Receives and sends ARP and neighbour discovery on one Ethernet interface with a packet socket (packet(7)).
///
/// The socket is bound to all protocols: such a socket sees a frame before nftables' ingress hook and Open vSwitch do,
/// which hide it from a socket of one protocol. The NIC receives all multicast while the socket is open.
class PacketSocket : public Napi::ObjectWrap<PacketSocket>, private FdWatch::Listener {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "PacketSocket",
                       {InstanceMethod<&PacketSocket::Send>("send"), InstanceMethod<&PacketSocket::Close>("close"),
                        InstanceMethod<&PacketSocket::Unref>("unref"),
                        InstanceAccessor<&PacketSocket::Address>("address")});
  }

  /// new PacketSocket(interface, received, failed): calls received(frames, lengths, times) with the frames one directly
  /// after the other, and failed(errno) once, after which nothing more is received. Throws with `errno` EPERM without
  /// CAP_NET_RAW, ENODEV, EPROTOTYPE if the interface is not Ethernet, ENETDOWN.
  explicit PacketSocket(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PacketSocket>(info) { Open(info); }

  ~PacketSocket() override { Stop(); }

 private:
  /// How many frames one system call reads or sends, and how many batches are read before the event loop runs again.
  static constexpr unsigned kBatch = 64;
  static constexpr int kBatches = 4;
  /// How long to wait for room in the send buffer, in milliseconds.
  static constexpr int kRoomMs = 10;

  void Open(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (info.Length() != 3 || !info[0].IsString() || !info[1].IsFunction() || !info[2].IsFunction()) {
      Napi::TypeError::New(env, "interface must be a string, received and failed functions")
          .ThrowAsJavaScriptException();
      return;
    }
    // Protocol 0 until it is bound: no frame arrives before the filter is attached.
    UniqueFd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return ThrowErrno(env, errno, "socket");
    if (!Bind(env, fd.get(), info[0].As<Napi::String>().Utf8Value())) return;

    if (!watch_.Start(env, std::move(fd), *this)) return;
    received_ = Callback(info[1].As<Napi::Function>(), "PacketSocket");
    failed_ = Callback(info[2].As<Napi::Function>(), "PacketSocket");
    Ref();
  }

  /// Binds the socket to interface `name`. @returns false with an exception pending
  bool Bind(Napi::Env env, int fd, const std::string& name) {
    const auto fail = [&](int error, const char* call) {
      ThrowErrno(env, error, call);
      return false;
    };
    ifreq request = {};
    if (name.empty() || name.size() >= sizeof request.ifr_name) return fail(ENODEV, "ioctl");
    name.copy(request.ifr_name, name.size());
    if (::ioctl(fd, SIOCGIFINDEX, &request) < 0) return fail(errno, "ioctl");
    sockaddr_ll local = {};
    local.sll_family = AF_PACKET;
    local.sll_protocol = htons(ETH_P_ALL);
    local.sll_ifindex = request.ifr_ifindex;
    packet_mreq multicast = {};
    multicast.mr_ifindex = request.ifr_ifindex;
    multicast.mr_type = PACKET_MR_ALLMULTI;
    if (::ioctl(fd, SIOCGIFHWADDR, &request) < 0) return fail(errno, "ioctl");
    if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER) return fail(EPROTOTYPE, "ioctl");
    std::memcpy(address_.data(), request.ifr_hwaddr.sa_data, address_.size());

    auto filter = kNeighbourFilter;
    const sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
    if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) {
      return fail(errno, "setsockopt");
    }
    const int on = 1;
    if (::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) return fail(errno, "setsockopt");
    if (::setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &multicast, sizeof multicast) < 0) {
      return fail(errno, "setsockopt");
    }
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) < 0) return fail(errno, "bind");
    // A socket can be bound to a device that is down; then the error is pending.
    const int error = PendingError(fd);
    return error == 0 || fail(error, "bind");
  }

  static int PendingError(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
  }

  /// send(frames, size): sends the frames of `size` bytes each in `frames`; returns the time at which the first one
  /// left, in milliseconds since 1970. Throws with `errno` ENOBUFS if the device accepts no more, ENETDOWN, EBADF once
  /// closed.
  Napi::Value Send(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (info.Length() != 2 || !info[0].IsBuffer() || !info[1].IsNumber()) {
      Napi::TypeError::New(env, "frames must be a buffer, size a number").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    const auto buffer = info[0].As<Napi::Buffer<std::uint8_t>>();
    const std::span<std::uint8_t> frames(buffer.Data(), buffer.Length());
    const std::size_t size = info[1].As<Napi::Number>().Uint32Value();
    if (size < ETH_HLEN || frames.size() % size != 0) {
      Napi::RangeError::New(env, "frames must be whole frames of this size").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    if (!watch_) {
      ThrowErrno(env, EBADF, "sendmmsg");
      return env.Undefined();
    }
    const double start = Milliseconds(Now());
    if (const int error = SendAll(frames, size); error != 0) ThrowErrno(env, error, "sendmmsg");
    return Napi::Number::New(env, start);
  }

  /// Sends all frames. @returns 0, or the error of the first frame that was not sent
  int SendAll(std::span<std::uint8_t> frames, std::size_t size) {
    std::array<iovec, kBatch> parts;
    std::array<mmsghdr, kBatch> messages;
    while (!frames.empty()) {
      const std::size_t count = std::min<std::size_t>(kBatch, frames.size() / size);
      for (std::size_t i = 0; i < count; ++i) {
        parts[i] = {frames.data() + i * size, size};
        messages[i] = {};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
      }
      const int sent = ::sendmmsg(watch_.fd(), messages.data(), static_cast<unsigned>(count), 0);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno == EAGAIN) {
        if (!HasRoom()) return ENOBUFS;
        continue;
      }
      if (sent <= 0) return sent < 0 ? errno : ENOBUFS;
      frames = frames.subspan(static_cast<std::size_t>(sent) * size);
    }
    return 0;
  }

  /// Waits until the send buffer has room. The NIC sends a full buffer in 0.2 ms at 1 Gbit/s.
  bool HasRoom() {
    pollfd writable = {watch_.fd(), POLLOUT, 0};
    return ::poll(&writable, 1, kRoomMs) == 1 && (writable.revents & POLLOUT) != 0;
  }

  void OnReadable(int status) override {
    Napi::HandleScope scope(Env());
    // The callback may close this object, which must not be collected meanwhile.
    [[maybe_unused]] const Napi::Value held = Value();
    // libuv reports only that there is an error.
    if (status < 0) return Fail(PendingError(watch_.fd()));
    Receive();
  }

  void OnEnvEnd() override { Stop(); }

  /// Reads at most kBatches * kBatch frames. The event loop calls again if more are left.
  void Receive() {
    for (int batch = 0; batch < kBatches && watch_; ++batch) {
      for (unsigned i = 0; i < kBatch; ++i) {
        parts_[i] = {frames_[i].data(), frames_[i].size()};
        messages_[i] = {};
        messages_[i].msg_hdr.msg_iov = &parts_[i];
        messages_[i].msg_hdr.msg_iovlen = 1;
        messages_[i].msg_hdr.msg_control = controls_[i].bytes.data();
        messages_[i].msg_hdr.msg_controllen = controls_[i].bytes.size();
      }
      const int count = ::recvmmsg(watch_.fd(), messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
      if (count < 0) {
        if (errno != EAGAIN && errno != EINTR) Fail(errno);
        return;
      }
      Deliver(static_cast<unsigned>(count));
      if (static_cast<unsigned>(count) < kBatch) return;
    }
  }

  void Deliver(unsigned count) {
    Napi::Env env = Env();
    std::size_t total = 0;
    for (unsigned i = 0; i < count; ++i) total += messages_[i].msg_len;
    auto frames = Napi::Buffer<std::uint8_t>::New(env, total);
    // Empty if the thread is being terminated.
    if (frames.IsEmpty()) return;
    auto lengths = Napi::Array::New(env, count);
    auto times = Napi::Array::New(env, count);
    std::uint8_t* at = frames.Data();
    for (unsigned i = 0; i < count; ++i) {
      at = std::copy_n(frames_[i].data(), messages_[i].msg_len, at);
      lengths.Set(i, Napi::Number::New(env, messages_[i].msg_len));
      times.Set(i, Napi::Number::New(env, Milliseconds(TimeOf(messages_[i].msg_hdr))));
    }
    received_(env, {frames, lengths, times});
  }

  /// Returns the time at which the kernel received the frame (SO_TIMESTAMPNS of socket(7)).
  static timespec TimeOf(msghdr& header) {
    for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
      if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_TIMESTAMPNS) continue;
      timespec time = {};
      std::memcpy(&time, CMSG_DATA(one), sizeof time);
      return time;
    }
    return Now();
  }

  static timespec Now() {
    timespec time = {};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return time;
  }

  static double Milliseconds(const timespec& time) {
    return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
  }

  void Fail(int error) {
    watch_.Pause();
    failed_(Env(), {Napi::Number::New(Env(), error)});
  }

  /// address: the MAC that the interface had when the socket was opened, as six octets.
  Napi::Value Address(const Napi::CallbackInfo& info) {
    return Napi::Buffer<std::uint8_t>::Copy(info.Env(), address_.data(), address_.size());
  }

  void Close(const Napi::CallbackInfo&) {
    if (watch_) Napi::ObjectWrap<PacketSocket>::Unref();
    Stop();
  }

  /// unref(): lets the process end while the socket is open.
  void Unref(const Napi::CallbackInfo&) { watch_.Unref(); }

  void Stop() {
    watch_.Stop();
    received_.Reset();
    failed_.Reset();
  }

  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, CMSG_SPACE(sizeof(timespec))> bytes;
  };

  FdWatch watch_;
  std::array<std::uint8_t, ETH_ALEN> address_ = {};
  std::array<std::array<std::uint8_t, kNeighbourSnap>, kBatch> frames_;
  std::array<Control, kBatch> controls_;
  std::array<iovec, kBatch> parts_;
  std::array<mmsghdr, kBatch> messages_;
  Callback received_;
  Callback failed_;
};

}  // namespace gateway
