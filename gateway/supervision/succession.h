#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/result.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/listener.h"

namespace trackly {

/// How this process was started.
struct CommandLine {
  static CommandLine of(int argc, const char* const* argv);

  std::string program;  // its path as it was executed; another version may stand there later
  std::vector<std::string> arguments;
};

/// The process that takes this one's place: started by the same command line, with the sockets that
/// this one listens on, so that nobody who connects meanwhile is turned away. It is told apart from
/// any other start by an environment variable, in which a Predecessor finds out where to say that
/// it is ready. On one loop.
class Successor {
 public:
  struct Events {
    /// `taken`: which of the sockets it listens on, too.
    std::function<void(const std::vector<bool>& taken)> ready;
    /// Whether or not it was ready.
    std::function<void(const std::string& how)> ended;
  };
  /// From then on it has ended, whatever it waits for.
  static constexpr Duration kPatience = std::chrono::seconds(60);

  /// `loop` outlives it, the sockets need not; `events` come from the loop, not from inside the
  /// call. A fault: there is no such process.
  static Result<std::unique_ptr<Successor>> start(net::EventLoop& loop, const CommandLine& command,
                                                  const std::vector<net::ListeningSocket*>& sockets,
                                                  Events events);
  /// Ends the process if it is not ready.
  ~Successor();
  Successor(const Successor&) = delete;
  Successor& operator=(const Successor&) = delete;

  pid_t pid() const { return pid_; }

 private:
  Successor(net::EventLoop& loop, pid_t pid, int process_fd, int ready_fd, std::size_t sockets,
            Events events);
  void listen_to_word();
  void look_at_end();

  const pid_t pid_;
  const int process_fd_;  // readable when it has ended
  const int ready_fd_;    // what it says
  const std::size_t sockets_;
  const Events events_;
  bool is_ready_ = false;
  bool has_ended_ = false;
  std::function<void()> on_word_;
  std::function<void()> on_end_;
  const net::EventPtr word_;
  const net::EventPtr end_;
  const std::unique_ptr<Timer> patience_;
};

/// Whose place this process takes, if anybody's.
class Predecessor {
 public:
  /// Of the environment, where the variable is removed: call it before there are threads.
  static Predecessor of_environment();
  Predecessor(Predecessor&& other) noexcept;
  Predecessor& operator=(Predecessor&&) = delete;
  ~Predecessor();

  /// It may leave: this process serves, on those of its sockets that are `taken`. Of no effect
  /// where there is none.
  void tell_ready(const std::vector<bool>& taken);

 private:
  explicit Predecessor(int fd) : fd_(fd) {}

  int fd_;  // -1: there is none, or it knows
};

}  // namespace trackly
