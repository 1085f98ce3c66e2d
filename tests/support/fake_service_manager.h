#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"

namespace trackly::test {

/// Who listens on $NOTIFY_SOCKET in place of systemd.
class FakeServiceManager {
 public:
  FakeServiceManager();
  ~FakeServiceManager();
  FakeServiceManager(const FakeServiceManager&) = delete;
  FakeServiceManager& operator=(const FakeServiceManager&) = delete;

  /// "NOTIFY_SOCKET=…".
  std::string environment() const;
  /// The value of `name` in the next message that has it ("READY" is "1"); earlier ones are
  /// dropped. Empty where none comes in time.
  std::string next(std::string_view name, Milliseconds timeout = kPatience);
  /// That of another name in the same message.
  std::string also(std::string_view name) const;

 private:
  const TempDir directory_;
  int fd_;
  std::string message_;
};

}  // namespace trackly::test
