#pragma once

#include <mutex>

namespace gateway {

/// A mutex for a thread that holds it nearly all the time and others that need it now and then. A waiting thread holds
/// the door, so the busy thread must queue behind it when it locks again. With a std::mutex alone the busy thread would
/// lock again before the waiting one has woken up, for as long as it has work.
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
