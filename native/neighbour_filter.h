#pragma once

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>

namespace gateway {

/// The bytes kept of a frame: enough for an ARP packet, or a neighbour discovery message with a few options.
inline constexpr std::uint32_t kNeighbourSnap = 192;

/// Classic BPF (linux/filter.h) that accepts ARP, and neighbour solicitations and advertisements, that arrive without a
/// VLAN. A tag of VLAN 0 only carries a priority.
/// It rejects frames that this host sends. It must ask for the tag: the kernel strips it before a socket sees the
/// frame.
inline constexpr std::array<sock_filter, 15> kNeighbourFilter = {{
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 12, 0),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG)),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x0fff),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 9),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 6, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
    // Neighbour discovery has no extension headers: RFC 6980 forbids the fragment header, the only likely one.
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 6),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 4),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 40),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_SOLICIT, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_ADVERT, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, kNeighbourSnap),
    BPF_STMT(BPF_RET | BPF_K, 0),
}};

}  // namespace gateway
