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
    EXPECT_EQ(check({.config = path}, out, err), kFine) << err.str();
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

TEST_F(Check, TellsFiltersInShadow) {
  const std::string path = folder_ + "/gateway.yaml";
  std::ofstream(path) << "listeners: [{address: 127.0.0.1:0}]\napi: api.yaml\n"
                         "errors: {catalogue: " TRACKLY_SOURCE_DIR
                         "/config/trackly/errors.yaml}\n"
                         "filters: [{payload_limit: {max_bytes: 10, shadow: true}}]\n"
                         "upstreams: {default: {endpoints: [http://a]}}\n";
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(check({.config = path}, out, err), kFine) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("  payload_limit  in shadow: body up to 10 bytes\n"));
}

/// Four examples: one passes, one is wrong without saying so, one says so, one says what is wrong.
constexpr std::string_view kApiWithExamples = R"(
openapi: 3.1.0
info: {title: Things, version: '1'}
paths:
  /send/{to}:
    post:
      parameters:
        - {name: to, in: path, required: true, example: '+12', schema: {type: string}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              required: [to]
              x-error: {required: {to: missing_to}}
            examples:
              good: {value: {to: '+1'}}
              bad: {value: {}}
              declared: {value: {}, x-error: missing_to}
              astray: {value: {to: '+1'}, x-error: missing_to}
      responses: {}
)";

class CheckOfExamples : public Check {
 protected:
  CheckOfExamples() {
    std::ofstream(folder_ + "/api.yaml") << kApiWithExamples;
    std::ofstream(path_) << "listeners: [{address: 127.0.0.1:0}]\napi: api.yaml\n"
                            "errors: {catalogue: " TRACKLY_SOURCE_DIR
                            "/config/trackly/errors.yaml}\n"
                            "filters: [{schema: {}}, {rate_limit: {rules: [{name: one, key: "
                            "global, rate: 1/h, burst: 1}]}}]\n"
                            "upstreams: {default: {endpoints: [http://a]}}\n";
  }
  const std::string path_ = folder_ + "/gateway.yaml";
};

TEST_F(CheckOfExamples, ReportsThoseThatAreNotAnsweredAsDeclared) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(check({.config = path_}, out, err), kProblem);
  EXPECT_THAT(out.str(),
              HasSubstr("examples of the API description: 2 of 4 are answered as declared\n"
                        "  POST /send/{to}, example bad: missing_to, declared passes\n"
                        "  POST /send/{to}, example astray: passes, declared missing_to\n"));
}

TEST_F(CheckOfExamples, FindsBodiesThatAreWrittenElsewhere) {
  std::ofstream(folder_ + "/api.yaml") << R"(
openapi: 3.1.0
info: {title: Things, version: '1'}
paths:
  /send: {post: {requestBody: {$ref: '#/components/requestBodies/Send'}, responses: {}}}
components:
  requestBodies:
    Send: {content: {application/json: {schema: {}, example: [1]}}}
)";
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(check({.config = path_}, out, err), kProblem);
  EXPECT_THAT(out.str(), HasSubstr("  POST /send, example: invalid_input, declared passes\n"));
}

TEST_F(CheckOfExamples, IsForProgramsToo) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(check({.config = path_, .json = true}, out, err), kProblem);
  EXPECT_THAT(out.str(), HasSubstr(R"("examples":{"tried":4,"wrong":[{"route":"POST /send/{to}",)"
                                   R"("example":"example bad","declared":"passes",)"
                                   R"("found":"missing_to"})"));
}

TEST_F(CheckOfExamples, TellsProgramsOfProblems) {
  std::ofstream(path_, std::ios::app) << "nonsense: 1\n";
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(check({.config = path_, .json = true}, out, err), kProblem);
  EXPECT_THAT(out.str(), HasSubstr("{\"problems\":["));
  EXPECT_THAT(out.str(), HasSubstr("unknown key \\\"nonsense\\\""));
  EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace trackly::cli
