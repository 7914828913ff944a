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

/// The first frame of a class since the last look, as much of it as the ring holds.
struct Sample {
  std::array<std::uint8_t, PacketRing::kHeld> held = {};
  std::size_t size = 0;
  std::size_t length = 0;
};

/// What was read of an interface so far.
struct RingTotals {
  ClassCounts classes;
  /// Frames of the other direction, which do not enter the bridge here.
  std::uint64_t leaving_packets = 0;
  std::uint64_t leaving_bytes = 0;
  std::array<Sample, kClassIds> samples = {};
  /// Why no more is read; 0 while it is.
  int error = 0;
};

/// Reads a ring in a thread of its own, and classifies there. Nothing is allocated for a frame; a lock is taken once a
/// block.
class RingReader {
 public:
  struct Options {
    std::string interface;
    Direction direction = Direction::kBoth;
    /// By which port of the bridge the frames enter it, and whether those are the ones that leave the interface.
    Side side = Side::kPhys;
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
    // An eventfd that has been rung already wakes its reader all the same.
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
    thread_.join();
  }

  /// Classifies by another table from the next block on.
  void SetTable(std::shared_ptr<const ClassTable> table) {
    const std::lock_guard lock(mutex_);
    table_ = std::move(table);
  }

  /// Calls `look(totals, talkers, statistics)` after the block at hand, while the reader waits, and begins new samples.
  template <typename Look>
  void Snapshot(Look look) {
    const std::lock_guard lock(mutex_);
    look(totals_, talkers_, ring_.Count());
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
          // What came before the end counts, and the kernel still has the block that it was filling.
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
    Packet packet = Parse(frame.held, frame.vlan_tci == 0 ? frame.length : frame.length - 4);
    if (frame.vlan_tci != 0) packet.vlan_tci = frame.vlan_tci;
    const PacketClass name = table_->Classify(packet, options_.side);
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
  /// The thread has it but for moments when packets are many.
  FairMutex mutex_;
  std::shared_ptr<const ClassTable> table_;
  RingTotals totals_;
  Talkers talkers_;
  std::thread thread_;
};

}  // namespace gateway
