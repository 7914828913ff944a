// The addon: what needs system calls that Node.js lacks, or the speed of native code. src/native.ts is its typed face.
// Each header has one subject: parsing and classifying frames, receive rings, packet sockets, netlink, file
// locks, datagrams of the unix family, IPv6 routes that routers advertise.
// No C++ exception crosses Node-API, and all state belongs to one environment, so worker threads can load it.
#include <napi.h>

#include "classifier.h"
#include "file_lock.h"
#include "ipv6_route.h"
#include "netlink_watch.h"
#include "packet_fields.h"
#include "packet_socket.h"
#include "ring.h"
#include "unix_datagram.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Classifier", gateway::Classifier::Define(env));
  exports.Set("classNames", gateway::Classifier::ClassNames(env));
  exports.Set("parsePacket", Napi::Function::New<gateway::PacketFields::OfFrame>(env, "parsePacket"));
  exports.Set("FileLock", gateway::FileLock::Define(env));
  exports.Set("changeIpv6Route", Napi::Function::New<gateway::ChangeIpv6Route>(env, "changeIpv6Route"));
  exports.Set("NetlinkWatch", gateway::NetlinkWatch::Define(env));
  exports.Set("PacketSocket", gateway::PacketSocket::Define(env));
  exports.Set("Ring", gateway::Ring::Define(env));
  exports.Set("sendDatagram", Napi::Function::New<gateway::SendDatagram>(env, "sendDatagram"));
  return exports;
}

}  // namespace

NODE_API_MODULE(gateway, Init)
