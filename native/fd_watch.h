#pragma once

#include <napi.h>
#include <uv.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "system_error.h"
#include "unique_fd.h"

namespace gateway {

/// A descriptor that the loop of a JavaScript environment watches for something to read, until told to stop.
class FdWatch {
 public:
  /// Whom to tell; lives longer than the watch, and is called on the thread of the loop.
  class Listener {
   public:
    /// There is something to read; or libuv has an error (uv_poll_start), and listens again only after Listen().
    virtual void OnReadable(int status) = 0;
    /// The environment ends: references into it must be let go of, and the watch stopped.
    virtual void OnEnvEnd() = 0;

   protected:
    ~Listener() = default;
  };

  FdWatch() = default;
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;
  ~FdWatch() { Stop(); }

  /// Takes `fd`, and watches it. @returns false with an exception pending
  bool Start(Napi::Env env, UniqueFd fd, Listener& listener) {
    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok) {
      ThrowErrno(env, ENOTSUP, "napi_get_uv_event_loop");
      return false;
    }
    auto poll = std::make_unique<Poll>();
    poll->env = env;
    poll->fd = std::move(fd);
    poll->listener = &listener;
    if (const int error = uv_poll_init(loop, &poll->handle, poll->fd.get()); error < 0) {
      ThrowErrno(env, -error, "uv_poll_init");
      return false;
    }
    poll->handle.data = poll.get();
    poll_ = std::move(poll);
    Listen();
    napi_add_async_cleanup_hook(env, &FdWatch::OnEnvCleanup, poll_.get(), &poll_->hook);
    return true;
  }

  /// Whether it was started and has not been stopped.
  explicit operator bool() const { return poll_ != nullptr; }
  int fd() const { return poll_->fd.get(); }

  void Listen() { uv_poll_start(&poll_->handle, UV_READABLE, &FdWatch::OnPolled); }
  void Pause() { uv_poll_stop(&poll_->handle); }

  /// Lets the process end though this still watches.
  void Unref() {
    if (poll_) uv_unref(reinterpret_cast<uv_handle_t*>(&poll_->handle));
  }

  /// Tells nobody anything any more; the descriptor is closed as soon as libuv has let go of it.
  void Stop() {
    if (!poll_) return;
    poll_->listener = nullptr;
    Pause();
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_.release()->handle), &FdWatch::OnClosed);
  }

 private:
  /// Outlives the watch until libuv has let go of the handle.
  struct Poll {
    uv_poll_t handle = {};
    napi_env env = nullptr;
    UniqueFd fd;
    Listener* listener = nullptr;
    /// Held until libuv has let go: Node unloads the addon of a thread that ends, with the code that libuv would call.
    napi_async_cleanup_hook_handle hook = nullptr;
  };

  static void OnPolled(uv_poll_t* handle, int status, int) {
    const auto* poll = static_cast<Poll*>(handle->data);
    if (poll->listener == nullptr) return;
    if (!RunsJavaScript(poll->env)) {
      uv_poll_stop(handle);
      return;
    }
    poll->listener->OnReadable(status);
  }

  /// An environment that ends runs the loop once more before it calls OnEnvCleanup, when no JavaScript can be called:
  /// Node-API has no question for it, but refuses what might run some, of which this is the cheapest.
  static bool RunsJavaScript(Napi::Env env) {
    const Napi::HandleScope scope(env);
    napi_value result = nullptr;
    return napi_coerce_to_bool(env, env.Undefined(), &result) == napi_ok;
  }

  static void OnEnvCleanup(napi_async_cleanup_hook_handle, void* poll) {
    if (Listener* listener = static_cast<Poll*>(poll)->listener; listener != nullptr) listener->OnEnvEnd();
  }

  static void OnClosed(uv_handle_t* handle) {
    const std::unique_ptr<Poll> poll(static_cast<Poll*>(handle->data));
    napi_remove_async_cleanup_hook(poll->hook);
  }

  std::unique_ptr<Poll> poll_;
};

}  // namespace gateway
