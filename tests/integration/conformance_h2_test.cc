// HTTP/2 as RFC 9113 and RFC 7541 have it, frame by frame against the real program. Cases with the
// number of an h2spec case do what that one does; those with the number of a section only go beyond
// it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string>
#include <tuple>

#include "tests/integration/conformance/h2_cases.h"
#include "tests/support/gateway.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

/// Who answers, and on which port.
enum class Setting : std::uint8_t {
  gateway,  // 404, of the gateway's own making
  gateway_tls,
  service,  // 200, after the request went upstream
};
constexpr Setting kEverySetting[] = {Setting::gateway, Setting::gateway_tls, Setting::service};

std::string_view to_string(Setting setting) {
  switch (setting) {
    case Setting::gateway:
      return "Gateway";
    case Setting::gateway_tls:
      return "GatewayTls";
    case Setting::service:
      return "Service";
  }
  return "";
}

class H2Conformance : public testing::TestWithParam<std::tuple<H2Case, Setting>> {
 protected:
  static void SetUpTestSuite() {
    if (gateway_ != nullptr) return;
    service_ = std::make_unique<Service>(Upstream::h1);
    gateway_ = std::make_unique<Gateway>(
        GatewayConfig{.upstream = service_->url(), .more = "unknown_paths: forward\n"});
  }
  static void TearDownTestSuite() {
    gateway_.reset();
    service_.reset();
  }

  static H2CaseClient connect(Setting setting) {
    const bool tls = setting == Setting::gateway_tls;
    auto wire = tls ? Wire::connect_tls(gateway_->port(Downstream::tls_h2), "h2")
                    : Wire::connect(gateway_->port());
    H2Client::Fields get = {{":method", "GET"},
                            {":scheme", tls ? "https" : "http"},
                            {":path", "/"},
                            {":authority", "127.0.0.1:8080"}};
    if (setting == Setting::service) get.emplace_back("x-api-key", keys::kActive);
    return H2CaseClient(std::move(wire), std::move(get));
  }

 private:
  inline static std::unique_ptr<Service> service_;
  inline static std::unique_ptr<Gateway> gateway_;
};

TEST_P(H2Conformance, IsKept) {
  const auto& [the_case, setting] = GetParam();
  H2CaseClient client = connect(setting);
  if (!the_case.without_handshake) client.handshake();
  EXPECT_TRUE(the_case.run(client));
}

std::string case_name(const testing::TestParamInfo<std::tuple<H2Case, Setting>>& test) {
  const auto& [the_case, setting] = test.param;
  std::string name = std::string(the_case.section) + "_" + std::string(the_case.title) + "_" +
                     std::string(to_string(setting));
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

auto each_setting(std::vector<H2Case> cases) {
  return testing::Combine(testing::ValuesIn(std::move(cases)), testing::ValuesIn(kEverySetting));
}

INSTANTIATE_TEST_SUITE_P(Generic, H2Conformance, each_setting(generic_h2_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Frames, H2Conformance, each_setting(http2_frame_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Streams, H2Conformance, each_setting(http2_stream_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(FrameTypes, H2Conformance, each_setting(http2_frame_type_cases()),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Messages, H2Conformance, each_setting(http2_message_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Hpack, H2Conformance, each_setting(hpack_cases()), case_name);

}  // namespace
}  // namespace trackly::test
