#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/observe/counter.h"

namespace trackly::store {

/// What became of a command.
enum class RedisOutcome : std::uint8_t {
  answered,
  refused,     // by Redis, which is in no state to execute it
  timeout,     // no answer by its deadline
  lost,        // the connection broke before the answer
  down,        // not sent: Redis was known to be of no use
  overloaded,  // not sent: too many were under way
};
inline constexpr std::size_t kRedisOutcomes = 6;

/// As in metrics: "answered".
std::string_view to_string(RedisOutcome outcome);

/// Of one worker, who counts; any thread may read.
struct RedisCounts {
  std::array<observe::Counter, kRedisOutcomes> commands;
  observe::Counter breaker_openings;

  observe::Counter& of(RedisOutcome outcome) { return commands[static_cast<std::size_t>(outcome)]; }
};

/// What all workers find about each Redis server: for metrics, and told to the diagnostics when it
/// changes, once however many find it. Any thread.
class RedisHealth {
 public:
  RedisHealth() = default;
  RedisHealth(const RedisHealth&) = delete;
  RedisHealth& operator=(const RedisHealth&) = delete;

  /// One client's view of its server.
  class View {
   public:
    View() = default;  // nobody asks
    View(RedisHealth* health, std::string server);
    ~View();
    View(View&& other) = delete;

    /// What is wrong with it, never a secret; empty: nothing is.
    void set(std::string_view trouble);

   private:
    RedisHealth* health_ = nullptr;
    std::string server_;
    std::string trouble_;
  };

  struct Server {
    std::string name;
    bool up = true;  // no worker finds anything wrong with it
  };
  std::vector<Server> servers() const;

 private:
  struct Seen {
    std::size_t views = 0;
    std::size_t in_trouble = 0;
    std::string told;
  };

  void change(const std::string& server, bool was_in_trouble, std::string_view trouble);

  mutable std::mutex mutex_;
  std::map<std::string, Seen> servers_;
};

/// Who hears how commands fare; both may be nullptr. They outlive the clients.
struct RedisObservers {
  RedisHealth* health = nullptr;
  RedisCounts* counts = nullptr;
};

}  // namespace trackly::store
