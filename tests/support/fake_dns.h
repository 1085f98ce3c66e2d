#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace trackly::test {

/// What a FakeDns says about a name.
struct DnsAnswer {
  enum class Kind : std::uint8_t {
    records,    // the addresses of the family that was asked for; none: an empty answer
    silence,    // nothing
    failure,    // SERVFAIL
    refusal,    // REFUSED
    garbage,    // the head of an answer, then nonsense
    noise,      // no DNS message at all
    truncated,  // over UDP only that it is too long; the records over TCP
  };

  std::vector<std::string> addresses = {};
  std::uint32_t ttl = 60;  // seconds
  Kind kind = Kind::records;
  /// The name stands for this one, which has the addresses; empty: for itself.
  std::string alias = {};
  std::uint32_t alias_ttl = 60;
  /// So many questions about the name are lost before one is answered.
  int lost = 0;
  /// What questions about one family get in place of `kind`.
  std::optional<Kind> of_ipv4 = {};
  std::optional<Kind> of_ipv6 = {};
};

/// A name server on 127.0.0.1, over UDP and TCP, with a thread of its own. Names that it was not
/// told about do not exist.
class FakeDns {
 public:
  FakeDns();
  ~FakeDns();
  FakeDns(const FakeDns&) = delete;
  FakeDns& operator=(const FakeDns&) = delete;

  /// "127.0.0.1:port"
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// From now on. `name` in lower case, without the last dot.
  void set(const std::string& name, DnsAnswer answer);
  /// How many questions about it came, lost ones included; each family is a question of its own.
  std::size_t questions(const std::string& name) const;

 private:
  void run();
  void answer_datagram();
  void answer_connection();
  /// Empty where there is none.
  std::string answer(std::string_view question, bool over_tcp);

  int udp_ = -1;
  int tcp_ = -1;
  int stop_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, DnsAnswer> answers_;
  std::map<std::string, std::size_t> questions_;
  std::thread thread_;
};

}  // namespace trackly::test
