// Tests the bounded table of senders.

#include "../talkers.h"

#include "check.h"

using gateway::Address;
using gateway::kEtherIpv4;
using gateway::PacketClass;
using gateway::Talker;
using gateway::Talkers;

namespace {

Talker Who(std::uint64_t address, PacketClass name = PacketClass::kManagement) {
  return {.address = {0, address}, .type = kEtherIpv4, .name = name};
}

void Counts() {
  Talkers talkers;
  for (int i = 0; i < 5; ++i) talkers.Count(Who(1), 100);
  for (int i = 0; i < 7; ++i) talkers.Count(Who(2), 60);
  talkers.Count(Who(1, PacketClass::kTunnel), 60);
  const auto heaviest = talkers.Heaviest(2);
  CHECK(heaviest.size() == 2);
  CHECK(heaviest[0].address.lo == 2 && heaviest[0].packets == 7 && heaviest[0].bytes == 420);
  CHECK(heaviest[1].address.lo == 1 && heaviest[1].packets == 5 && heaviest[1].name == PacketClass::kManagement);
  CHECK(talkers.Heaviest(10).size() == 3);
  CHECK(talkers.Heaviest(0).empty());
}

/// Checks that ten heavy senders are found among a million light ones, and that no count is too low.
void FindsTheHeavyAmongMany() {
  Talkers talkers;
  constexpr std::uint64_t kMany = 1'000'000;
  constexpr std::uint64_t kHeavy = 10;
  for (std::uint64_t i = 0; i < kMany; ++i) {
    talkers.Count(Who(1'000'000 + i * 7), 60);
    if (i % 10 == 0) talkers.Count(Who(i / 10 % kHeavy), 60);
  }
  const auto heaviest = talkers.Heaviest(kHeavy);
  for (const Talker& one : heaviest) {
    CHECK(one.address.lo < kHeavy);
    CHECK(one.packets >= kMany / 10 / kHeavy);
  }
}

}  // namespace

int main() {
  Test("senders differ by address and class, the heaviest first", Counts);
  Test("heavy senders are found among a million light ones", FindsTheHeavyAmongMany);
}
