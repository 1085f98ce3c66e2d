#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/fake_h2_service.h"
#include "tests/support/fake_service.h"

namespace trackly::test {

/// How the gateway speaks to the service.
enum class Upstream : std::uint8_t { h1, h2 };
inline constexpr Upstream kEveryUpstream[] = {Upstream::h1, Upstream::h2};

/// As in the names of tests: "H1", "H2".
constexpr std::string_view to_string(Upstream upstream) {
  return upstream == Upstream::h1 ? "H1" : "H2";
}

/// A service on either protocol, for tests that hold on both.
class Service {
 public:
  explicit Service(Upstream upstream, React react = always(Reaction{}));

  const std::string& url() const { return h1_ ? h1_->url() : h2_->url(); }
  const RequestLog& requests() const { return h1_ ? h1_->requests() : h2_->requests(); }
  int connections() const { return h1_ ? h1_->connections() : h2_->connections(); }

 private:
  std::unique_ptr<FakeService> h1_;
  std::unique_ptr<FakeH2Service> h2_;
};

/// Host or :authority.
std::string authority_of(const HttpMessage& request);

}  // namespace trackly::test
