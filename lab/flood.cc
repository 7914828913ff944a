// flood DEVICE COUNT [RATE]: sends COUNT frames out of an interface, RATE a second or as fast as possible.
// It reads frames from standard input, one a line in hexadecimal, and repeats them.
// It prints the number of frames sent and the microseconds that this took.

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::vector<std::vector<unsigned char>> ReadFrames() {
  std::vector<std::vector<unsigned char>> frames;
  for (std::string line; std::getline(std::cin, line);) {
    std::vector<unsigned char> frame;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2)
      frame.push_back(static_cast<unsigned char>(std::stoi(line.substr(i, 2), nullptr, 16)));
    frames.push_back(frame);
  }
  return frames;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0) Die("socket");
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex(argv[1]));
  if (address.sll_ifindex == 0) Die("if_nametoindex");

  auto frames = ReadFrames();
  if (frames.empty()) return 2;
  constexpr std::size_t kBatch = 64;
  std::array<iovec, kBatch> parts = {};
  std::array<mmsghdr, kBatch> messages = {};
  const long count = std::atol(argv[2]);
  const long rate = argc > 3 ? std::atol(argv[3]) : 0;
  const auto start = std::chrono::steady_clock::now();
  for (long sent = 0; sent < count;) {
    const auto batch = static_cast<unsigned int>(count - sent < static_cast<long>(kBatch) ? count - sent : kBatch);
    for (unsigned int i = 0; i < batch; ++i) {
      auto& frame = frames[static_cast<std::size_t>(sent + i) % frames.size()];
      parts[i] = {frame.data(), frame.size()};
      messages[i].msg_hdr = {&address, sizeof address, &parts[i], 1, nullptr, 0, 0};
    }
    const int went = sendmmsg(fd, messages.data(), batch, 0);
    if (went < 0 && errno != ENOBUFS && errno != EAGAIN) Die("sendmmsg");
    sent += went > 0 ? went : 0;
    if (rate > 0) std::this_thread::sleep_until(start + std::chrono::microseconds(sent * 1'000'000 / rate));
  }
  const auto took = std::chrono::steady_clock::now() - start;
  std::printf("%ld %lld\n", count, static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  return 0;
}
