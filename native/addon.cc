#include <napi.h>

#include "file_lock.h"
#include "netlink_watch.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("FileLock", gateway::FileLock::Define(env));
  exports.Set("NetlinkWatch", gateway::NetlinkWatch::Define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(gateway, Init)
