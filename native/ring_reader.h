#pragma once

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "class_table.h"
#include "fair_mutex.h"
#include "packet_ring.h"
#include "talkers.h"
#include "unique_fd.h"

namespace gateway {

/// The first frame of a class since the last snapshot, as far as the ring holds it.
struct Sample {
  std::array<std::uint8_t, PacketRing::kHeld> held = {};
  std::size_t size = 0;
  std::size_t length = 0;
};

/// The counts of an interface since the ring was opened.
struct RingTotals {
  ClassCounts classes;
  /// Frames of the opposite direction, which do not enter the bridge by this interface.
  std::uint64_t leaving_packets = 0;
  std::uint64_t leaving_bytes = 0;
  std::array<Sample, kClassIds> samples = {};
  /// The error that ended the reading; 0 while it goes on.
  int error = 0;
};

/// Reads a ring and classifies its frames in a thread of its own. It allocates nothing for a frame, and locks once for
/// each block.
class RingReader {
 public:
  struct Options {
    std::string interface;
    Direction direction = Direction::kBoth;
    /// The role of the port by which the frames enter the bridge, and whether the frames that enter are those that
    /// leave the interface.
    PortRole role = PortRole::kPhys;
    bool enters_outgoing = false;
    std::shared_ptr<const ClassTable> table;
  };

  explicit RingReader(Options options) : options_(std::move(options)), table_(options_.table) {}
  RingReader(const RingReader&) = delete;
  RingReader& operator=(const RingReader&) = delete;
  ~RingReader() { Stop(); }

  PacketRing::Failure Start() {
    wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_) return {errno, "eventfd"};
    const PacketRing::Failure failure = ring_.Open(options_.interface, options_.direction);
    if (failure.error == 0) thread_ = std::thread([this] { Run(); });
    return failure;
  }

  void Stop() {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    // EAGAIN means that the eventfd is set already, which wakes the reader as well.
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
    thread_.join();
  }

  /// Classifies by another table, from the next block on.
  void SetTable(std::shared_ptr<const ClassTable> table) {
    const std::lock_guard lock(mutex_);
    table_ = std::move(table);
  }

  /// Calls `copy(totals, talkers, statistics)` between two blocks, while the reader waits, then clears the samples.
  template <typename Copy>
  void Snapshot(Copy copy) {
    const std::lock_guard lock(mutex_);
    copy(totals_, talkers_, ring_.Count());
    for (Sample& sample : totals_.samples) sample.size = 0;
  }

 private:
  void Run() {
    std::array<pollfd, 2> polled = {pollfd{ring_.fd(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
    for (;;) {
      while (ReadBlock()) {
        if (::poll(&polled[1], 1, 0) > 0) return;
      }
      if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return Fail(errno);
      if (polled[1].revents != 0) return;
      if ((polled[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
        if (const int error = ring_.PendingError(); error != 0) {
          // Frames that arrived before the error count; the kernel still has to hand over the block that it was
          // filling.
          while (ReadBlock()) continue;
          ::poll(polled.data(), polled.size(), PacketRing::kHandOverMs);
          while (ReadBlock()) continue;
          return Fail(error);
        }
      }
    }
  }

  void Fail(int error) {
    const std::lock_guard lock(mutex_);
    totals_.error = error;
  }

  bool ReadBlock() {
    const std::lock_guard lock(mutex_);
    return ring_.NextBlock([this](const RingFrame& frame) { Take(frame); });
  }

  void Take(const RingFrame& frame) noexcept {
    if (frame.outgoing != options_.enters_outgoing) {
      totals_.leaving_packets += 1;
      totals_.leaving_bytes += frame.length;
      return;
    }
    const std::size_t length = frame.vlan_tci == 0 ? frame.length : frame.length - 4;
    const Packet packet = Parse(frame.held, length, frame.vlan_tci);
    const PacketClass name = table_->Classify(packet, options_.role);
    totals_.classes.Count(name, frame.length, packet.malformed);
    talkers_.Count(TalkerOf(packet, name), frame.length);
    Sample& sample = totals_.samples[static_cast<std::size_t>(name)];
    if (sample.size == 0) {
      sample.size = frame.held.size();
      sample.length = frame.length;
      std::copy(frame.held.begin(), frame.held.end(), sample.held.begin());
    }
  }

  const Options options_;
  PacketRing ring_;
  UniqueFd wake_;
  /// In a flood the thread holds it nearly all the time.
  FairMutex mutex_;
  std::shared_ptr<const ClassTable> table_;
  RingTotals totals_;
  Talkers talkers_;
  std::thread thread_;
};

}  // namespace gateway
