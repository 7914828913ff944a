// The lock that the reader of a ring shares with who looks at it.

#include "../fair_mutex.h"

#include <sched.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "check.h"

using gateway::FairMutex;

namespace {

/// Has all threads to come share one processor, and none preempt another as it wakes (sched(7), SCHED_BATCH): who waits
/// for a mutex runs when its owner sleeps or has used its time up, which is some ms.
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

/// Holds it for 20 us, as a reader does for a block, and again at once, as under a flood that has no end.
class Reader {
 public:
  /// After 4 s even this flood has an end, that a test which fails has one.
  static constexpr int kMostTurns = 200'000;

  ~Reader() {
    stop_ = true;
    thread_.join();
  }
  /// How often it has begun to hold it.
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

void WhoAsksHasHisTurn() {
  Reader reader;
  int late = 0;
  for (int i = 0; i < 100; ++i) {
    // Asked for while the reader has it.
    const int last = reader.times();
    while (reader.times() == last) {
      CHECK(last < Reader::kMostTurns);
      std::this_thread::yield();
    }
    const int before = reader.times();
    const std::lock_guard lock(reader.mutex());
    if (reader.times() > before + 1) ++late;
    // Now and then this thread loses the processor just before it asks, for some ms.
    CHECK(late <= 10);
  }
}

}  // namespace

int main() {
  ShareOneProcessor();
  Test("who asks for what another takes again and again has it after one more turn of that other", WhoAsksHasHisTurn);
}
