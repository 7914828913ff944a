// Tests the mutex that the reader of a ring shares with the thread that takes snapshots.

#include "../fair_mutex.h"

#include <sched.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "check.h"

using gateway::FairMutex;

namespace {

/// Makes all later threads share one CPU, without preemption at wake-up (sched(7), SCHED_BATCH): a thread that waits
/// for a mutex runs when the owner sleeps or has used up its time slice of a few milliseconds.
void ShareOneProcessor() {
  cpu_set_t all;
  CHECK(::sched_getaffinity(0, sizeof all, &all) == 0);
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  CHECK(::sched_setaffinity(0, sizeof one, &one) == 0);
  const sched_param none = {};
  CHECK(::sched_setscheduler(0, SCHED_BATCH, &none) == 0);
}

/// Locks the mutex for 20 us, as a reader does for a block, and again at once, as in an endless flood.
class Reader {
 public:
  /// Ends the flood after 4 s, so that a test that fails ends too.
  static constexpr int kMostTurns = 200'000;

  ~Reader() {
    stop_ = true;
    thread_.join();
  }
  /// How often the reader has locked the mutex.
  int times() const { return times_; }
  FairMutex& mutex() { return mutex_; }

 private:
  void Run() {
    while (!stop_ && times_ < kMostTurns) {
      const std::lock_guard lock(mutex_);
      ++times_;
      const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(20);
      while (std::chrono::steady_clock::now() < end) continue;
    }
  }

  FairMutex mutex_;
  std::atomic<int> times_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_{[this] { Run(); }};
};

void WaitingThreadIsNext() {
  Reader reader;
  int late = 0;
  for (int i = 0; i < 100; ++i) {
    // Waits until the reader has just locked the mutex.
    const int last = reader.times();
    while (reader.times() == last) {
      CHECK(last < Reader::kMostTurns);
      std::this_thread::yield();
    }
    const int before = reader.times();
    const std::lock_guard lock(reader.mutex());
    if (reader.times() > before + 1) ++late;
    // Now and then this thread loses the CPU for some milliseconds just before it locks.
    CHECK(late <= 10);
  }
}

}  // namespace

int main() {
  ShareOneProcessor();
  Test("a waiting thread gets the mutex after at most one more turn of the busy thread", WaitingThreadIsNext);
}
