#pragma once

#include <napi.h>
#include <uv.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "system_error.h"
#include "unique_fd.h"

namespace gateway {

/// Watches a file descriptor for input, on the event loop of a JavaScript environment, until stopped.
class FdWatch {
 public:
  /// Receives the events, on the thread of the event loop. It must outlive the watch.
  class Listener {
   public:
    /// There is input; or `status` is an error of libuv (uv_poll_start), which polls again only after Listen().
    virtual void OnReadable(int status) = 0;
    /// The environment ends: release all references into it and stop the watch.
    virtual void OnEnvEnd() = 0;

   protected:
    ~Listener() = default;
  };

  FdWatch() = default;
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;
  ~FdWatch() { Stop(); }

  /// Takes ownership of `fd` and watches it. @returns false with an exception pending
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

  /// Whether the watch runs.
  explicit operator bool() const { return poll_ != nullptr; }
  int fd() const { return poll_->fd.get(); }

  void Listen() { uv_poll_start(&poll_->handle, UV_READABLE, &FdWatch::OnPolled); }
  void Pause() { uv_poll_stop(&poll_->handle); }

  /// Lets the process end while the watch runs.
  void Unref() {
    if (poll_) uv_unref(reinterpret_cast<uv_handle_t*>(&poll_->handle));
  }

  /// Ends all events at once; closes the descriptor as soon as libuv has released it.
  void Stop() {
    if (!poll_) return;
    poll_->listener = nullptr;
    Pause();
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_.release()->handle), &FdWatch::OnClosed);
  }

 private:
  /// Outlives the watch until libuv has released the handle.
  struct Poll {
    uv_poll_t handle = {};
    napi_env env = nullptr;
    UniqueFd fd;
    Listener* listener = nullptr;
    /// Held until libuv has released the handle: Node unloads the addon of a worker thread that ends, and with it the
    /// code that libuv would call.
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

  /// Whether JavaScript can be called. An environment that ends runs its loop once more before it calls OnEnvCleanup,
  /// and then cannot. Node-API has no function to ask, but it refuses every call that might run JavaScript; this is the
  /// cheapest such call.
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
