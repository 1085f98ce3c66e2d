#include "gateway/cli/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateway/cli/exit_code.h"

namespace trackly::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kApi = R"(
openapi: 3.1.0
info: {title: Things, version: '1'}
paths:
  /media: {get: {responses: {}}}
  /send: {post: {responses: {}}}
)";

/// The rest of a configuration with unknown_paths and upstreams.
constexpr std::string_view kRest = R"(
listeners: [{address: 127.0.0.1:0}]
api: api.yaml
errors: {catalogue: )" TRACKLY_SOURCE_DIR R"(/config/trackly/errors.yaml}
filters: [{payload_limit: {max_bytes: 5MiB}}]
)";

class Check : public testing::Test {
 protected:
  // Tests run side by side.
  Check() : folder_(testing::TempDir() + "check-" + std::to_string(getpid())) {
    std::filesystem::create_directory(folder_);
    std::ofstream(folder_ + "/api.yaml") << kApi;
  }
  ~Check() override { std::filesystem::remove_all(folder_); }

  std::string output_for(std::string_view upstreams) const {
    const std::string path = folder_ + "/gateway.yaml";
    std::ofstream(path) << kRest << upstreams;
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(check(path, out, err), kFine) << err.str();
    return out.str();
  }

  const std::string folder_;
};

TEST_F(Check, NamesTheUpstreamOfEachRouteWhereThereAreSeveral) {
  const std::string output = output_for(R"(
upstreams:
  default: {endpoints: [http://a]}
  media: {endpoints: [http://b], paths: [/media]}
)");
  EXPECT_THAT(output, HasSubstr("GET /media\n"
                                "  payload_limit  body up to 5242880 bytes\n"
                                "  upstream       media\n"
                                "POST /send\n"
                                "  payload_limit  body up to 5242880 bytes\n"
                                "  upstream       default\n"));
}

TEST_F(Check, SaysNothingAboutUpstreamsWhereThereIsOne) {
  EXPECT_THAT(output_for("upstreams: {default: {endpoints: [http://a]}}\n"),
              Not(HasSubstr("upstream")));
}

TEST_F(Check, TellsWhereUnknownPathsGo) {
  const std::string output = output_for(R"(
unknown_paths: forward
upstreams:
  default: {endpoints: [http://a]}
  media: {endpoints: [http://b], paths: [/media, /files]}
)");
  EXPECT_THAT(output,
              HasSubstr("every other path or method: forwarded\n"
                        "  payload_limit  body up to 5242880 bytes\n"
                        "  upstream       media below /media, media below /files, else default\n"));
}

}  // namespace
}  // namespace trackly::cli
