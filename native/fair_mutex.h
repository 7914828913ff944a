#pragma once

#include <mutex>

namespace gateway {

/// A mutex that a thread which holds it nearly all the time shares with others: who waits for it stands at the door,
/// behind which that thread has to stand too when it comes again. With a std::mutex it comes again before the other has
/// woken, and again, for as long as it has work.
class FairMutex {
 public:
  void lock() {
    const std::lock_guard at_the_door(door_);
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }

 private:
  std::mutex door_;
  std::mutex mutex_;
};

}  // namespace gateway
