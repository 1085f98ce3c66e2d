#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/loop.h"
#include "gateway/api/message.h"

namespace trackly::proxy {

/// Holds a 5xx answer of the service until it is known whether it is the documented error JSON,
/// which goes to the client untouched, or something foreign (a proxy's HTML page), which does not.
/// What is larger than 64 KiB, slower than 2 s, cut short or without a body counts as foreign.
class ResponseJudge {
 public:
  enum class Verdict : std::uint8_t { documented, foreign };

  static bool is_needed(const Head& response) { return response.status >= 500; }

  /// `on_timeout` is called when the time is over before ended() was.
  ResponseJudge(Loop& loop, Head head, std::function<void()> on_timeout);

  /// nullopt: not known yet.
  std::optional<Verdict> add(std::string_view bytes);
  Verdict ended();

  /// The answer as it came. Requires: documented.
  Head& head() { return head_; }
  std::string_view body() const { return body_; }

 private:
  Head head_;
  std::string body_;
  std::unique_ptr<Timer> deadline_;
};

}  // namespace trackly::proxy
