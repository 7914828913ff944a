#pragma once

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

// After linux/if_packet.h, as the two headers would otherwise define sockaddr_ll twice.
#include <net/if.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "bytes.h"
#include "packet.h"
#include "unique_fd.h"

namespace gateway {

/// Which frames of an interface to read: those that arrive, those that leave, or both.
enum class Direction : std::uint8_t { kBoth, kIncoming, kOutgoing };

/// A frame in the ring, valid until its block is returned to the kernel.
struct RingFrame {
  Bytes held;
  /// The length on the wire, including a VLAN tag that the kernel stripped.
  std::size_t length;
  /// The stripped tag for `Packet::vlan_tci`; 0 if the kernel stripped none.
  std::uint16_t vlan_tci;
  bool outgoing;
};

/// A receive ring of packet(7), TPACKET_V3, on one interface: the kernel fills blocks, and nothing is copied again.
///
/// The ring has 128 MiB. A frame takes at most 224 bytes (kHeld bytes of it, and the kernel's header), so the ring
/// holds 599,000 frames: a reader may pause for 1.2 s at 500,000 frames/s, and for 300 ms at 2,000,000 frames/s.
class PacketRing {
 public:
  /// The bytes kept of a frame: they include the fields that decide on its class.
  static constexpr std::size_t kHeld = 128;
  /// The kernel hands over a block that is not full after at most this many milliseconds: its timer ticks every
  /// kRetireMs, and retires a block that was already open at the previous tick.
  static constexpr int kHandOverMs = 100;

  /// The kernel's counts since the ring was opened (packet(7), PACKET_STATISTICS).
  struct Statistics {
    std::uint64_t seen = 0;
    std::uint64_t dropped = 0;
  };

  /// An error number, 0 for success, and the call that failed.
  struct Failure {
    int error = 0;
    const char* syscall = "";
  };

  Failure Open(const std::string& interface, Direction direction) {
    fd_ = UniqueFd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!fd_) return {errno, "socket"};
    const unsigned int index = ::if_nametoindex(interface.c_str());
    if (index == 0) return {errno, "if_nametoindex"};
    if (!IsEthernet(interface)) return {EPROTOTYPE, "ioctl"};
    if (!Attach(direction)) return {errno, "setsockopt"};
    const int version = TPACKET_V3;
    if (::setsockopt(fd_.get(), SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0) return {errno, "setsockopt"};
    tpacket_req3 request = {};
    request.tp_block_size = kBlockSize;
    request.tp_block_nr = kBlocks;
    request.tp_frame_size = kFrameSize;
    request.tp_frame_nr = kBlockSize / kFrameSize * kBlocks;
    request.tp_retire_blk_tov = kRetireMs;
    if (::setsockopt(fd_.get(), SOL_PACKET, PACKET_RX_RING, &request, sizeof request) < 0) return {errno, "setsockopt"};
    void* const mapped = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    if (mapped == MAP_FAILED) return {errno, "mmap"};
    ring_ = static_cast<std::uint8_t*>(mapped);
    sockaddr_ll address = {};
    address.sll_family = AF_PACKET;
    address.sll_protocol = __builtin_bswap16(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(index);
    // Frames arrive from here on, and only those of this interface.
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return {errno, "bind"};
    return {};
  }

  PacketRing() = default;
  PacketRing(const PacketRing&) = delete;
  PacketRing& operator=(const PacketRing&) = delete;
  ~PacketRing() {
    if (ring_ != nullptr) ::munmap(ring_, kSize);
  }

  /// For poll(2): readable when the kernel has handed over a block.
  int fd() const { return fd_.get(); }

  /// Returns the pending error of the socket, such as ENETDOWN; 0: none.
  int PendingError() const {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
  }

  /// Calls `use(RingFrame)` for each frame of the next block, then returns the block to the kernel.
  /// @returns false if no block is ready
  template <typename Use>
  bool NextBlock(Use use) {
    auto* const block = reinterpret_cast<tpacket_block_desc*>(ring_ + next_ * std::size_t{kBlockSize});
    tpacket_hdr_v1& head = block->hdr.bh1;
    std::atomic_ref<std::uint32_t> status(head.block_status);
    if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return false;
    const auto* at = reinterpret_cast<const std::uint8_t*>(block) + head.offset_to_first_pkt;
    for (std::uint32_t i = 0; i < head.num_pkts; ++i) {
      const auto& frame = *reinterpret_cast<const tpacket3_hdr*>(at);
      use(FrameOf(frame, at));
      at += frame.tp_next_offset;
    }
    status.store(TP_STATUS_KERNEL, std::memory_order_release);
    next_ = (next_ + 1) % kBlocks;
    return true;
  }

  /// Returns the counts so far. The kernel resets its own counters each time it is asked.
  Statistics Count() {
    tpacket_stats_v3 fresh = {};
    socklen_t size = sizeof fresh;
    if (::getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &fresh, &size) == 0) {
      statistics_.seen += fresh.tp_packets;
      statistics_.dropped += fresh.tp_drops;
    }
    return statistics_;
  }

 private:
  static constexpr unsigned int kBlockSize = 1 << 20;
  static constexpr unsigned int kBlocks = 128;
  static constexpr std::size_t kSize = std::size_t{kBlockSize} * kBlocks;
  /// Only a limit for the kernel: in TPACKET_V3 frames lie one directly after the other.
  static constexpr unsigned int kFrameSize = 2048;
  static constexpr unsigned int kRetireMs = kHandOverMs / 2;

  static RingFrame FrameOf(const tpacket3_hdr& frame, const std::uint8_t* at) noexcept {
    const auto& address = *reinterpret_cast<const sockaddr_ll*>(at + TPACKET_ALIGN(sizeof(tpacket3_hdr)));
    const bool tagged = (frame.tp_status & TP_STATUS_VLAN_VALID) != 0;
    return {.held = Bytes(at + frame.tp_mac, frame.tp_snaplen),
            .length = frame.tp_len + (tagged ? std::size_t{4} : 0),
            .vlan_tci = tagged ? static_cast<std::uint16_t>(frame.hv1.tp_vlan_tci | kTagged) : std::uint16_t{0},
            .outgoing = address.sll_pkttype == PACKET_OUTGOING};
  }

  /// Whether frames of the interface have Ethernet headers, as those of loopback do.
  bool IsEthernet(const std::string& interface) const {
    ifreq request = {};
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    if (::ioctl(fd_.get(), SIOCGIFHWADDR, &request) < 0) return false;
    const auto type = request.ifr_hwaddr.sa_family;
    return type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK;
  }

  /// Attaches a classic BPF program that rejects frames of the other direction and keeps kHeld bytes of the rest.
  bool Attach(Direction direction) const {
    const auto keep = static_cast<std::uint32_t>(kHeld);
    const std::uint32_t on_outgoing = direction == Direction::kIncoming ? 0 : keep;
    const std::uint32_t else_keep = direction == Direction::kOutgoing ? 0 : keep;
    std::array program = {
        sock_filter{BPF_LD | BPF_B | BPF_ABS, 0, 0, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)},
        sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, PACKET_OUTGOING},
        sock_filter{BPF_RET | BPF_K, 0, 0, on_outgoing},
        sock_filter{BPF_RET | BPF_K, 0, 0, else_keep},
    };
    const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
    return ::setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
  }

  UniqueFd fd_;
  std::uint8_t* ring_ = nullptr;
  std::size_t next_ = 0;
  Statistics statistics_;
};

}  // namespace gateway
