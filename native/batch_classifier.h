#pragma once

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "class_table.h"
#include "packet.h"

namespace gateway {

/// Frames in one buffer. All spans have the same length.
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

/// Classifies the frames of one batch, which all came in by the same port. Threads share a large batch, at most one for
/// each CPU that the process may use. Each thread takes one part at a time, so a slow or late thread takes fewer.
class BatchClassifier {
 public:
  /// `classes` receives the class of each frame and is as long as the batch.
  BatchClassifier(const ClassTable& table, const Batch& batch, PortRole role, bool tracked,
                  std::span<std::uint8_t> classes) noexcept
      : table_(table), batch_(batch), role_(role), tracked_(tracked), classes_(classes) {}

  /// Classifies the frames and adds them to `counts`.
  /// @returns the size of the batch, or the index of the first frame that is not within the buffer
  std::size_t Classify(ClassCounts& counts) noexcept {
    const std::size_t wanted = std::min(batch_.size() / kShare, kMaxWorkers);
    return wanted < 2 ? InThisThread(counts) : InThreads(wanted, counts);
  }

 private:
  /// The least number of frames for a thread: classifying them takes far longer than starting it.
  static constexpr std::size_t kShare = 16'384;
  static constexpr std::size_t kMaxWorkers = 8;
  /// How many frames a thread takes at a time.
  static constexpr std::size_t kPart = 4'096;
  /// How many frames ahead to prefetch: a large buffer is not in any cache.
  static constexpr std::size_t kAhead = 32;

  struct Worker {
    BatchClassifier* by = nullptr;
    pthread_t thread = {};
    /// The index of the first frame of this worker that is not within the buffer.
    std::size_t refused = SIZE_MAX;
    ClassCounts counts;
  };

  std::size_t InThisThread(ClassCounts& counts) noexcept {
    Worker worker;
    worker.by = this;
    Run(&worker);
    counts.Add(worker.counts);
    return std::min(batch_.size(), worker.refused);
  }

  std::size_t InThreads(std::size_t wanted, ClassCounts& counts) noexcept {
    const cpu_set_t others = OtherCpus();
    const std::size_t most = std::min<std::size_t>(wanted, 1 + CPU_COUNT(&others));
    std::array<Worker, kMaxWorkers> workers;
    std::size_t count = 1;
    while (count < most && Start(workers[count], others)) ++count;
    workers[0].by = this;
    Run(&workers[0]);
    std::size_t done = batch_.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) pthread_join(workers[i].thread, nullptr);
      done = std::min(done, workers[i].refused);
      counts.Add(workers[i].counts);
    }
    return done;
  }

  /// Returns the CPUs that this thread may use, except the one it runs on. A new thread that may use this CPU often
  /// starts on it, and then waits until this thread is done although another CPU is idle.
  static cpu_set_t OtherCpus() noexcept {
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) CPU_ZERO(&cpus);
    if (const int here = sched_getcpu(); here >= 0) CPU_CLR(static_cast<std::size_t>(here), &cpus);
    return cpus;
  }

  bool Start(Worker& worker, const cpu_set_t& cpus) noexcept {
    worker.by = this;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return false;
    const bool started = pthread_attr_setaffinity_np(&attributes, sizeof cpus, &cpus) == 0 &&
                         pthread_create(&worker.thread, &attributes, Run, &worker) == 0;
    pthread_attr_destroy(&attributes);
    return started;
  }

  static void* Run(void* argument) noexcept {
    Worker& worker = *static_cast<Worker*>(argument);
    worker.by->Work(worker);
    return nullptr;
  }

  void Work(Worker& worker) noexcept {
    const bool whole = batch_.wire_lengths.data() == batch_.lengths.data();
    while (worker.refused == SIZE_MAX) {
      const std::size_t begin = next_.fetch_add(kPart, std::memory_order_relaxed);
      if (begin >= batch_.size()) return;
      const std::size_t end = std::min(begin + kPart, batch_.size());
      const std::size_t done = whole ? Each<true>(begin, end, worker) : Each<false>(begin, end, worker);
      if (done < end) worker.refused = done;
    }
  }

  /// Classifies the frames from `begin` to `end`. `kWhole`: the buffer holds all frames whole, which saves a load each.
  /// @returns the index of the first frame that is not within the buffer, or `end`
  template <bool kWhole>
  [[gnu::flatten]] std::size_t Each(std::size_t begin, std::size_t end, Worker& worker) const noexcept {
    // Copies, so that the compiler knows that the writes below do not change them.
    const Batch batch = batch_;
    const std::span<std::uint8_t> classes = classes_;
    const std::size_t last = batch.size() - std::min(batch.size(), kAhead);
    for (std::size_t i = begin; i < end; ++i) {
      if (!batch.Holds(i)) return i;
      if (i < last) Fetch(batch.frames, batch.offsets[i + kAhead]);
      const Bytes frame = batch.frames.subspan(batch.offsets[i], batch.lengths[i]);
      const std::size_t length = kWhole ? frame.size() : batch.wire_lengths[i];
      const Packet packet = Parse(frame, length);
      const PacketClass name = table_.Classify(packet, role_, tracked_);
      classes[i] = static_cast<std::uint8_t>(name);
      worker.counts.Count(name, length, packet.malformed);
    }
    return end;
  }

  /// Prefetches the two cache lines that hold the headers of most frames.
  static void Fetch(Bytes frames, std::size_t offset) noexcept {
    constexpr std::size_t kLine = 64;
    if (offset < frames.size()) __builtin_prefetch(&frames[offset]);
    if (offset + kLine < frames.size()) __builtin_prefetch(&frames[offset + kLine]);
  }

  const ClassTable& table_;
  const Batch batch_;
  const PortRole role_;
  const bool tracked_;
  const std::span<std::uint8_t> classes_;
  /// The index of the first frame that no thread has taken.
  std::atomic<std::size_t> next_ = 0;
};

}  // namespace gateway
