// echoes ADDRESS...: sends an ICMP echo request to each address every millisecond, of either family.
// Prints "answered" at the first answer. On SIGINT it waits 0.5 s for the last answers, and prints for each address:
// requests sent, requests lost, answers beyond the first, and the longest time between two answers in microseconds; then a
// line for each such time above 2 ms: when it began, in microseconds since 1970, and how long it was.
// Unlike ping(8) it sleeps between two requests, so that it takes no CPU time from what it measures.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

constexpr std::int64_t kIntervalUs = 1'000;
constexpr std::int64_t kPatienceUs = 500'000;
constexpr std::size_t kMost = 60'000;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

constexpr std::int64_t kShownUs = 2'000;

std::int64_t NowUs(clockid_t clock = CLOCK_MONOTONIC) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000LL + now.tv_nsec / 1'000;
}

/// The Internet checksum (RFC 1071).
std::uint16_t Checksum(const std::array<unsigned char, 16>& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// The requests to one address, and what came back.
class Target {
 public:
  Target(const std::string& address, std::uint16_t id) : id_(id), is_v6_(address.find(':') != std::string::npos) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&to_);
    auto* v4 = reinterpret_cast<sockaddr_in*>(&to_);
    to_.ss_family = is_v6_ ? AF_INET6 : AF_INET;
    void* place = is_v6_ ? static_cast<void*>(&v6->sin6_addr) : static_cast<void*>(&v4->sin_addr);
    if (inet_pton(to_.ss_family, address.c_str(), place) != 1) Die(address.c_str());
    fd_ = socket(to_.ss_family, SOCK_RAW | SOCK_NONBLOCK, is_v6_ ? static_cast<int>(IPPROTO_ICMPV6) : IPPROTO_ICMP);
    if (fd_ < 0) Die("socket");
  }

  int fd() const { return fd_; }

  void Send() {
    std::array<unsigned char, 16> request = {};
    const auto sequence = static_cast<std::uint16_t>(answers_.size());
    request[0] = is_v6_ ? 128 : 8;
    request[4] = static_cast<unsigned char>(id_ >> 8);
    request[5] = static_cast<unsigned char>(id_);
    request[6] = static_cast<unsigned char>(sequence >> 8);
    request[7] = static_cast<unsigned char>(sequence);
    // The kernel computes the checksum of ICMPv6 itself (RFC 3542, section 3.1).
    const std::uint16_t sum = is_v6_ ? 0 : Checksum(request);
    request[2] = static_cast<unsigned char>(sum >> 8);
    request[3] = static_cast<unsigned char>(sum);
    answers_.push_back(0);
    // A request that cannot be sent is lost too.
    (void)sendto(fd_, request.data(), request.size(), 0, reinterpret_cast<const sockaddr*>(&to_),
                 is_v6_ ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
  }

  /// Reads all answers that are there; returns whether there was one.
  bool Receive() {
    bool any = false;
    std::array<unsigned char, 256> packet = {};
    for (ssize_t size; (size = recv(fd_, packet.data(), packet.size(), 0)) > 0;) {
      // A raw socket of IPv4 has the IP header first, one of IPv6 has not.
      const std::size_t start = is_v6_ ? 0 : static_cast<std::size_t>(packet[0] & 15) * 4;
      const unsigned char* echo = packet.data() + start;
      if (static_cast<std::size_t>(size) < start + 8 || echo[0] != (is_v6_ ? 129 : 0)) continue;
      if ((echo[4] << 8 | echo[5]) != id_) continue;
      const auto sequence = static_cast<std::size_t>(echo[6] << 8 | echo[7]);
      if (sequence >= answers_.size()) continue;
      any = true;
      if (answers_[sequence]++ > 0) continue;
      const std::int64_t now = NowUs();
      const std::int64_t gap = last_ > 0 ? now - last_ : 0;
      if (gap > longest_) longest_ = gap;
      if (gap > kShownUs) gaps_.push_back({NowUs(CLOCK_REALTIME) - gap, gap});
      last_ = now;
    }
    return any;
  }

  void Print() const {
    std::size_t lost = 0;
    std::size_t more = 0;
    for (const unsigned answers : answers_) {
      lost += answers == 0;
      more += answers > 1 ? answers - 1 : 0;
    }
    std::printf("%zu %zu %zu %lld\n", answers_.size(), lost, more, static_cast<long long>(longest_));
    for (const Gap& gap : gaps_)
      std::printf("%lld %lld\n", static_cast<long long>(gap.start), static_cast<long long>(gap.length));
  }

 private:
  struct Gap {
    std::int64_t start;
    std::int64_t length;
  };

  std::uint16_t id_;
  bool is_v6_;
  int fd_ = -1;
  sockaddr_storage to_ = {};
  /// The number of answers to each request.
  std::vector<unsigned> answers_;
  std::int64_t last_ = 0;
  std::int64_t longest_ = 0;
  std::vector<Gap> gaps_;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<Target> targets;
  for (int i = 1; i < argc; ++i) targets.emplace_back(argv[i], static_cast<std::uint16_t>(getpid() + i * 7919));
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int signal = signalfd(-1, &signals, 0);
  const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  const itimerspec each = {{0, kIntervalUs * 1'000}, {0, kIntervalUs * 1'000}};
  if (signal < 0 || timer < 0 || timerfd_settime(timer, 0, &each, nullptr) < 0) Die("timer");
  std::vector<pollfd> polled = {{signal, POLLIN, 0}, {timer, POLLIN, 0}};
  for (const Target& target : targets) polled.push_back({target.fd(), POLLIN, 0});

  bool is_answered = false;
  std::size_t sent = 0;
  for (std::int64_t end = 0; end == 0 || NowUs() < end;) {
    if (poll(polled.data(), polled.size(), 10) < 0) Die("poll");
    if (polled[0].revents != 0 && end == 0) end = NowUs() + kPatienceUs;
    if (polled[1].revents != 0) {
      std::uint64_t times = 0;
      (void)read(timer, &times, sizeof times);
      if (end == 0 && sent++ < kMost)
        for (Target& target : targets) target.Send();
    }
    for (Target& target : targets) {
      if (!target.Receive() || is_answered) continue;
      is_answered = true;
      std::puts("answered");
      std::fflush(stdout);
    }
  }
  for (const Target& target : targets) target.Print();
  return 0;
}
