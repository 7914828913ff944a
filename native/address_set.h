#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ip.h"

namespace gateway {

/// A set of addresses of both families. Lookups do not change it.
class AddressSet {
 public:
  void Add(std::uint16_t type, Address address) {
    std::vector<Address>& members = type == kEtherIpv4 ? v4_ : v6_;
    members.insert(std::upper_bound(members.begin(), members.end(), address), address);
  }

  bool Has(std::uint16_t type, const Address& address) const noexcept {
    const std::vector<Address>& members = type == kEtherIpv4 ? v4_ : v6_;
    if (members.size() <= 1) return !members.empty() && members.front() == address;
    return std::binary_search(members.begin(), members.end(), address);
  }

 private:
  std::vector<Address> v4_;
  std::vector<Address> v6_;
};

}  // namespace gateway
