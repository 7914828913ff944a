#pragma once

#include <fcntl.h>
#include <napi.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "system_error.h"
#include "unique_fd.h"

namespace gateway {

/// A file under a POSIX write lock, as OVS locks its pidfiles (lib/daemon-unix.c): `ovs-appctl -t NAME` trusts a
/// pidfile only while the process named in it holds the lock. Closing the descriptor, or the end of the process,
/// releases it.
class FileLock : public Napi::ObjectWrap<FileLock> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "FileLock",
                       {InstanceMethod<&FileLock::Write>("write"), InstanceMethod<&FileLock::Close>("close")});
  }

  /// new FileLock(path): opens or creates the file and locks it. Throws with `errno` EAGAIN or EACCES if another
  /// process holds the lock, ESTALE if the file was replaced meanwhile.
  explicit FileLock(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FileLock>(info) { Open(info); }

 private:
  void Open(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (info.Length() != 1 || !info[0].IsString()) {
      Napi::TypeError::New(env, "path must be a string").ThrowAsJavaScriptException();
      return;
    }
    const std::string path = info[0].As<Napi::String>().Utf8Value();
    // Who may read the file may hold a read lock on it, which refuses ours for as long as he likes.
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return ThrowErrno(env, errno, "open");
    // A file of an earlier version has mode 0644. The one of another user keeps its mode.
    if (::fchmod(fd.get(), 0600) < 0 && errno != EPERM) return ThrowErrno(env, errno, "fchmod");

    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(fd.get(), F_SETLK, &lock) < 0) return ThrowErrno(env, errno, "fcntl");

    // A previous owner may have unlinked the file between open and lock: the lock would be on a file without a name.
    struct stat held = {};
    struct stat named = {};
    if (::fstat(fd.get(), &held) < 0) return ThrowErrno(env, errno, "fstat");
    if (::stat(path.c_str(), &named) < 0 || held.st_dev != named.st_dev || held.st_ino != named.st_ino) {
      return ThrowErrno(env, ESTALE, "stat");
    }
    fd_ = std::move(fd);
  }

  /// write(text): replaces the content through the same descriptor: closing a second one would drop the lock
  /// (fcntl(2)).
  void Write(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (info.Length() != 1 || !info[0].IsString()) {
      Napi::TypeError::New(env, "text must be a string").ThrowAsJavaScriptException();
      return;
    }
    const std::string text = info[0].As<Napi::String>().Utf8Value();
    if (::ftruncate(fd_.get(), 0) < 0) return ThrowErrno(env, errno, "ftruncate");
    const ssize_t written = ::pwrite(fd_.get(), text.data(), text.size(), 0);
    if (written != static_cast<ssize_t>(text.size())) ThrowErrno(env, written < 0 ? errno : ENOSPC, "pwrite");
  }

  void Close(const Napi::CallbackInfo&) { fd_.reset(); }

  UniqueFd fd_;
};

}  // namespace gateway
