#pragma once

#include <uv.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "class_table.h"
#include "packet.h"

namespace gateway {

/// Frames in one buffer; the spans are of one length.
struct Batch {
  Bytes frames;
  std::span<const std::uint32_t> offsets;
  std::span<const std::uint32_t> lengths;
  std::span<const std::uint32_t> wire_lengths;

  std::size_t size() const noexcept { return offsets.size(); }

  bool Holds(std::size_t index) const noexcept {
    return offsets[index] <= frames.size() && lengths[index] <= frames.size() - offsets[index];
  }
};

/// Classifies the frames of a batch that came in by one port. A large one is shared between the machine's hardware
/// threads: what its frames cost is mostly the wait for memory, which each of them waits for by itself.
class BatchClassifier {
 public:
  BatchClassifier(const ClassTable& table, Side side, bool tracked) noexcept
      : table_(table), side_(side), tracked_(tracked) {}

  /// Writes the class of each frame to `classes`, which is as long as the batch, and counts it in `counts`.
  /// @returns how many frames were classified: all, or the number of the first that is not within the buffer
  std::size_t Classify(const Batch& batch, std::span<std::uint8_t> classes, ClassCounts& counts) const noexcept {
    const std::size_t wanted = std::min(batch.size() / kShare, kMaxShares);
    const std::size_t count = std::clamp<std::size_t>(wanted, 1, wanted > 1 ? uv_available_parallelism() : 1);
    std::array<Share, kMaxShares> shares;
    const std::span<Share> used = std::span(shares).first(count);
    for (std::size_t i = 0; i < count; ++i) {
      Share& share = used[i];
      share.by = this;
      share.batch = batch;
      share.classes = classes;
      share.begin = batch.size() * i / count;
      share.end = batch.size() * (i + 1) / count;
      share.is_elsewhere = i > 0 && uv_thread_create(&share.thread, Run, &share) == 0;
    }
    std::size_t done = batch.size();
    for (Share& share : used) {
      // Ours, and those for which there was no thread.
      if (!share.is_elsewhere) Run(&share);
    }
    for (Share& share : used) {
      if (share.is_elsewhere) uv_thread_join(&share.thread);
      if (share.done < share.end) done = std::min(done, share.done);
      counts.Add(share.counts);
    }
    return done;
  }

 private:
  /// So many frames take far longer than a thread to start.
  static constexpr std::size_t kShare = 16'384;
  static constexpr std::size_t kMaxShares = 8;
  /// How far ahead of the frame that is looked at the next ones are fetched: frames in a large buffer are in no cache.
  static constexpr std::size_t kAhead = 32;

  /// The frames that one thread classifies.
  struct Share {
    const BatchClassifier* by = nullptr;
    Batch batch;
    std::span<std::uint8_t> classes;
    std::size_t begin = 0;
    std::size_t end = 0;
    bool is_elsewhere = false;
    uv_thread_t thread = {};
    /// The number of the frame that it came to.
    std::size_t done = 0;
    ClassCounts counts;
  };

  static void Run(void* argument) noexcept {
    Share& share = *static_cast<Share*>(argument);
    switch (share.by->side_) {
      case Side::kPhys:
        return share.by->From<Side::kPhys>(share);
      case Side::kLocal:
        return share.by->From<Side::kLocal>(share);
      case Side::kPatch:
        return share.by->From<Side::kPatch>(share);
      case Side::kOther:
        return share.by->From<Side::kOther>(share);
    }
  }

  template <Side kSide>
  void From(Share& share) const noexcept {
    const bool whole = share.batch.wire_lengths.data() == share.batch.lengths.data();
    whole ? Each<kSide, true>(share) : Each<kSide, false>(share);
  }

  /// A loop for each port, and of its own for frames that are held whole: it asks neither by which port each frame came
  /// nor whether it was cut.
  template <Side kSide, bool kWhole>
  [[gnu::flatten]] void Each(Share& share) const noexcept {
    // Copies, which nothing that is written below can be taken to change.
    const Batch batch = share.batch;
    const std::span<std::uint8_t> classes = share.classes;
    const std::size_t last = batch.size() - std::min(batch.size(), kAhead);
    std::size_t i = share.begin;
    for (; i < share.end && batch.Holds(i); ++i) {
      if (i < last) Fetch(batch.frames, batch.offsets[i + kAhead]);
      const Bytes frame = batch.frames.subspan(batch.offsets[i], batch.lengths[i]);
      const std::size_t length = kWhole ? frame.size() : batch.wire_lengths[i];
      const Packet packet = Parse(frame, length);
      const PacketClass name = table_.Classify(packet, kSide, tracked_);
      classes[i] = static_cast<std::uint8_t>(name);
      share.counts.Count(name, length, packet.malformed);
    }
    share.done = i;
  }

  /// The two cache lines that headers lie in, mostly.
  static void Fetch(Bytes frames, std::size_t offset) noexcept {
    constexpr std::size_t kLine = 64;
    if (offset < frames.size()) __builtin_prefetch(&frames[offset]);
    if (offset + kLine < frames.size()) __builtin_prefetch(&frames[offset + kLine]);
  }

  const ClassTable& table_;
  Side side_;
  bool tracked_;
};

}  // namespace gateway
