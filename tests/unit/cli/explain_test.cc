#include "gateway/cli/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <sstream>
#include <string>
#include <string_view>

#include "gateway/cli/exit_code.h"
#include "gateway/store/sha256.h"
#include "tests/support/temp_dir.h"

namespace trackly::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kKey = "trk_Active00000000000000000000000001";
constexpr std::string_view kMessage =
    R"({"to":"+14155556789","list_number":"+14155551234","body":"Hello!"})";

constexpr std::string_view kChain = R"(
  - request_id: {}
  - api_key: {file: keys.yaml}
  - payload_limit: {max_bytes: 1000}
  - schema: {}
  - rate_limit: {rules: [{name: single, key: api_key, rate: 1/s, burst: 5}]}
)";

std::string hex(const KeyDigest& digest) {
  std::ostringstream out;
  for (const std::uint8_t byte : digest) {
    out << std::hex << (byte >> 4) << (byte & 15);
  }
  return out.str();
}

class Explain : public testing::Test {
 protected:
  struct Told {
    int code = 0;
    std::string out;
    std::string err;
  };

  void configure(std::string_view filters, std::string_view more = "") {
    const std::string source = TRACKLY_SOURCE_DIR;
    store::Sha256 hasher;
    folder_.write("keys.yaml",
                  "accounts: {acct_42: {status: active}}\n"
                  "keys: [{sha256: " +
                      hex(hasher.sha256(kKey)) + ", account: acct_42, name: production}]\n");
    config_ =
        folder_.write("gateway.yaml",
                      "listeners: [{address: '127.0.0.1:0'}]\n"
                      "api: " +
                          source +
                          "/config/trackly/openapi.yaml\n"
                          "errors: {catalogue: " +
                          source +
                          "/config/trackly/errors.yaml}\n"
                          "upstreams: {default: {endpoints: ['https://api.internal']}}\n"
                          "filters:" +
                          std::string(filters.empty() ? " []\n" : filters) + std::string(more));
  }

  Told explain(const std::string& request, bool json = false) const {
    std::istringstream in(request);
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::explain({.config = config_, .request = "-", .json = json}, in, out, err);
    return {code, out.str(), err.str()};
  }

  static std::string request(std::string_view body, std::string_view path = "/api/v2/send",
                             std::string_view key = kKey) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: api.example\r\nX-Api-Key: " + std::string(key) +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
  }

  const test::TempDir folder_;
  std::string config_;
};

TEST_F(Explain, ShowsTheHeadThatTheServiceWouldGet) {
  configure(kChain);
  const Told told = explain(request(kMessage));
  EXPECT_EQ(told.code, kFine) << told.err;
  EXPECT_THAT(told.out, HasSubstr("POST /api/v2/send\n"
                                  "  request_id     passes\n"
                                  "  api_key        passes\n"
                                  "  payload_limit  passes\n"
                                  "  schema         passes\n"
                                  "  rate_limit     passes\n"));
  EXPECT_THAT(told.out, HasSubstr("account     acct_42\n"));
  EXPECT_THAT(told.out, HasSubstr("key         production\n"));
  EXPECT_THAT(told.out, HasSubstr("limiter     single: 4 left, store local\n"));
  EXPECT_THAT(told.out, HasSubstr("forwarded to upstream default, with a body of 66 bytes:\n\n"
                                  "POST /api/v2/send HTTP/1.1\nHost: api.example\n"));
  EXPECT_THAT(told.out, HasSubstr("X-Account-Id: acct_42\n"));
  EXPECT_THAT(told.out, HasSubstr("RateLimit: \"single\";r=4"));
}

TEST_F(Explain, ShowsTheAnswerOfARefusalToTheByte) {
  configure(kChain);
  const Told told = explain(request(R"({"list_number":"+14155551234","body":"Hello!"})"));
  EXPECT_EQ(told.code, kProblem);
  EXPECT_THAT(told.out, HasSubstr("  schema         refuses: 400 missing_to at /to\n"
                                  "  rate_limit     not asked\n"));
  EXPECT_THAT(told.out, HasSubstr("refused by schema:\n\nHTTP/1.1 400 Bad Request\r\n"
                                  "Content-Type: application/json\r\n"));
  EXPECT_THAT(told.out,
              HasSubstr("\r\n\r\n{\"error\":\"to is required\",\"code\":\"missing_to\"}\n"));
}

TEST_F(Explain, NamesTheFilterWhoseCapIsCrossedOnTheWay) {
  configure(kChain);
  const std::string chunk(2000, ' ');
  const Told told =
      explain("POST /api/v2/send HTTP/1.1\r\nHost: x\r\nX-Api-Key: " + std::string(kKey) +
              "\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + chunk + "\r\n0\r\n\r\n");
  EXPECT_EQ(told.code, kProblem);
  EXPECT_THAT(told.out, HasSubstr("  payload_limit  refuses: 413 payload_too_large\n"));
}

TEST_F(Explain, SaysWhatAFilterInShadowWouldDo) {
  configure("\n  - schema: {shadow: true}\n  - payload_limit: {shadow: true}\n");
  const Told told = explain(request(R"({"body":7})"));
  EXPECT_EQ(told.code, kFine);
  EXPECT_THAT(told.out,
              HasSubstr("  schema         in shadow, would refuse: 400 missing_to at /to\n"
                        "  payload_limit  passes (in shadow)\n"));
}

TEST_F(Explain, TellsOfRefusalsThatNoFilterIsTheReasonFor) {
  configure(kChain);
  const Told told = explain("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(told.code, kProblem);
  EXPECT_THAT(told.out, HasSubstr("GET (no route)\n"));
  EXPECT_THAT(told.out, HasSubstr("answered by the gateway itself:\n\nHTTP/1.1 404 Not Found\r\n"));
}

TEST_F(Explain, NeverPrintsTheKey) {
  configure(kChain);
  for (const std::string_view key : {kKey, std::string_view("not-even-a-key")}) {
    for (const bool json : {false, true}) {
      const Told told =
          explain(request(kMessage, "/api/v2/send?key=" + std::string(kKey), key), json);
      EXPECT_THAT(told.out + told.err, AllOf(Not(HasSubstr(kKey)), Not(HasSubstr(key))));
    }
  }
  configure("\n  - api_key: {shadow: true}\n");
  const Told told = explain(request(kMessage, "/api/v2/send", "not-even-a-key"));
  EXPECT_THAT(told.out, AllOf(HasSubstr("X-Api-Key: *\n"), Not(HasSubstr("not-even-a-key"))));
}

TEST_F(Explain, ReadsWhatAnEditorHasSaved) {
  configure("");
  std::string lines = request(kMessage);
  std::erase(lines, '\r');
  const Told told = explain(lines);
  EXPECT_EQ(told.code, kFine) << told.out;
  EXPECT_THAT(told.out, HasSubstr("note: the lines of the head end with LF; read as CRLF\n"));
}

TEST_F(Explain, SaysWhatIsOddAboutTheRequest) {
  configure(kChain);
  EXPECT_THAT(explain(request(kMessage) + "more").out,
              HasSubstr("note: 4 bytes after the request"));
  const std::string whole = request(kMessage);
  const Told cut = explain(whole.substr(0, whole.size() - 1));
  EXPECT_EQ(cut.code, kProblem);
  EXPECT_THAT(cut.out, HasSubstr("note: the request is not complete"));
}

TEST_F(Explain, WithoutARequestIsWrongUsage) {
  configure(kChain);
  for (const std::string& text : {std::string(), std::string("GET /")}) {
    const Told told = explain(text);
    EXPECT_EQ(told.code, kWrongUsage);
    EXPECT_EQ(told.err, "-: no HTTP/1.1 request is in it\n");
  }
}

TEST_F(Explain, WithoutAConfigurationIsWrongUsage) {
  configure(kChain, "nonsense: true\n");
  const Told told = explain(request(kMessage));
  EXPECT_EQ(told.code, kWrongUsage);
  EXPECT_THAT(told.err, HasSubstr("unknown key \"nonsense\""));
}

TEST_F(Explain, CountsLimitsItselfWhereRedisIsNotAsked) {
  configure("\n  - rate_limit: {store: redis, rules: [{name: single, key: address, rate: 1/s}]}\n",
            "redis: {url: 'redis://127.0.0.1:1'}\n");
  const Told told = explain(request(kMessage));
  EXPECT_EQ(told.code, kFine);
  EXPECT_THAT(told.out, HasSubstr("note: Redis is not asked"));
}

TEST_F(Explain, HoldsLargeBodiesInFull) {
  configure("\n  - payload_limit: {}\n  - schema: {}\n");
  const std::string body = std::string(kMessage.substr(0, kMessage.size() - 1)) + ",\"x\":\"" +
                           std::string(4 << 20, 'x') + "\"}";
  const Told told = explain(request(body));
  EXPECT_EQ(told.code, kFine);
  EXPECT_THAT(told.out, HasSubstr("with a body of " + std::to_string(body.size()) + " bytes"));
}

TEST_F(Explain, CanBeReadByPrograms) {
  configure(kChain);
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  const Told forwarded = explain(request(kMessage), true);
  ASSERT_EQ(parser.parse(forwarded.out).get(json), simdjson::SUCCESS) << forwarded.out;
  EXPECT_EQ(std::string_view(json["outcome"]), "forwarded");
  EXPECT_EQ(std::string_view(json["upstream"]), "default");
  EXPECT_EQ(std::string_view(json["facts"]["account"]), "acct_42");
  const Told refused = explain(request("{}"), true);
  ASSERT_EQ(parser.parse(refused.out).get(json), simdjson::SUCCESS) << refused.out;
  EXPECT_EQ(std::string_view(json["outcome"]), "refused");
  EXPECT_EQ(std::string_view(json["refused_by"]), "schema");
  EXPECT_EQ(std::string_view(json.at_pointer("/filters/3/verdict")), "refuses");
  EXPECT_EQ(std::string_view(json.at_pointer("/filters/3/error")), "missing_to");
  EXPECT_EQ(std::string_view(json.at_pointer("/filters/4/verdict")), "not_asked");
}

}  // namespace
}  // namespace trackly::cli
