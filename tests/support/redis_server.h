#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace trackly::test {

/// A redis-server of the test's own, over TCP on 127.0.0.1 and over a unix socket, that keeps
/// nothing on disk and ends with this object.
class RedisServer {
 public:
  /// `more` are further arguments of its command line. Throws std::runtime_error where it does not
  /// come up.
  explicit RedisServer(std::vector<std::string> more = {});

  /// After kill(): an empty Redis at the same addresses.
  void start();
  void kill() { process_.reset(); }
  /// It lives, but does nothing: the kernel goes on accepting connections for it.
  void freeze() { process_->signal(SIGSTOP); }
  void thaw() { process_->signal(SIGCONT); }

  std::uint16_t port() const { return port_; }
  std::string unix_path() const { return directory_ / "redis.sock"; }
  /// As the configuration has them.
  std::string tcp_url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  std::string unix_url() const { return "unix:" + unix_path(); }
  /// What redis-cli prints, without the last line's end.
  std::string cli(std::vector<std::string> command) const;

 private:
  TempDir directory_;
  std::uint16_t port_;
  const std::vector<std::string> more_;
  std::unique_ptr<Process> process_;
};

}  // namespace trackly::test
