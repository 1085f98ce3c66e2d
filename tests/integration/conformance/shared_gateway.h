#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/service.h"

namespace trackly::test {

/// A gateway in front of a service that accepts everything and remembers it, for suites of many
/// small tests. Unknown paths are forwarded where a suite does not start it otherwise, so that
/// nothing but the rule under test refuses a request that has a key.
class SharedGateway : public testing::Test {
 protected:
  static void SetUpTestSuite() { start("forward"); }
  static void start(std::string_view unknown_paths) {
    service_ = std::make_unique<Service>(Upstream::h1);
    gateway_ = std::make_unique<Gateway>(
        GatewayConfig{.upstream = service_->url(),
                      .more = "unknown_paths: " + std::string(unknown_paths) + "\n"});
  }
  static void TearDownTestSuite() {
    gateway_.reset();
    service_.reset();
  }

  void SetUp() override { received_before_ = service_->requests().size(); }

  static Gateway& gateway() { return *gateway_; }
  /// What reached the service in this test.
  std::vector<HttpMessage> received() const {
    std::vector<HttpMessage> requests = service_->requests().all();
    requests.erase(requests.begin(),
                   requests.begin() + static_cast<std::ptrdiff_t>(received_before_));
    return requests;
  }

 private:
  inline static std::unique_ptr<Service> service_;
  inline static std::unique_ptr<Gateway> gateway_;
  std::size_t received_before_ = 0;
};

inline constexpr std::string_view kInvalidInput =
    R"({"error":"Invalid input","code":"invalid_input"})";
inline constexpr std::string_view kNotFound =
    R"({"error":"Resource not found","code":"not_found"})";

/// Bytes that the service got, where the gateway's span, another one each time, became the client's
/// again.
inline std::string with_span_of(std::string_view traceparent, std::string bytes) {
  constexpr std::size_t kSpanAt = 36;
  constexpr std::size_t kSpanSize = 16;
  const std::size_t trace = bytes.find(traceparent.substr(0, kSpanAt));
  if (trace == std::string::npos) return bytes;
  return bytes.replace(trace + kSpanAt, kSpanSize, traceparent.substr(kSpanAt, kSpanSize));
}

/// A sentence as GoogleTest wants the name of a test.
inline std::string test_name(std::string_view title) {
  std::string name(title);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

/// A row of a table of tests that has a `title`.
template <class Row>
std::string row_name(const testing::TestParamInfo<Row>& test) {
  return test_name(test.param.title);
}

}  // namespace trackly::test
