#include "gateway/observe/access_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

namespace trackly::observe {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Operation operation(std::string path, std::vector<Parameter> parameters = {}) {
  Operation operation;
  operation.path = std::move(path);
  operation.parameters = std::move(parameters);
  return operation;
}

Parameter path_parameter(std::string name, bool sensitive) {
  Parameter parameter;
  parameter.in = Parameter::In::path;
  parameter.name = std::move(name);
  parameter.sensitive = sensitive;
  return parameter;
}

class AccessLine : public testing::Test {
 protected:
  AccessLine() {
    exchange_.client_address = "203.0.113.7";
    exchange_.request_id = "req-1";
    exchange_.started_at = WallTime(1741944413589ms);
    request("POST", "/api/v2/send");
  }

  void request(std::string method, std::string target) {
    exchange_.request.method = std::move(method);
    exchange_.request.target = std::move(target);
    exchange_.path = exchange_.request.target;
    const std::size_t query = exchange_.path.find('?');
    if (query == std::string_view::npos) return;
    exchange_.query = exchange_.path.substr(query + 1);
    exchange_.path = exchange_.path.substr(0, query);
  }

  void refuse(std::string id, int status, std::string code) {
    auto reply = std::make_shared<ErrorReply>();
    reply->id = std::move(id);
    reply->status = exchange_.status = status;
    reply->code = std::move(code);
    exchange_.local_reply = reply;
  }

  std::string line(std::string format = "json") const {
    AccessLogSettings settings;
    settings.format = std::move(format);
    std::string out;
    AccessFormat(settings, api_).append(out, exchange_);
    return out;
  }

  ApiDescription api_;
  Exchange exchange_;
};

TEST_F(AccessLine, TellsEverythingOfAForwardedBatch) {
  const Operation bulk = operation("/api/v2/send/bulk");
  auto account = std::make_shared<Account>();
  account->id = "acct_42";
  auto key = std::make_shared<KeyRecord>();
  key->name = "production";
  key->account = account;

  request("POST", "/api/v2/send/bulk");
  exchange_.protocol = Protocol::http2;
  exchange_.tls = true;
  exchange_.operation = &bulk;
  exchange_.status = 200;
  exchange_.trace = {{"api_key", 3us}, {"rate_limit", 1200us}};
  exchange_.key = key;
  exchange_.batch_items = 1000;
  exchange_.limiter = {"single", 199, "redis"};
  exchange_.bytes_in = 200123;
  exchange_.bytes_out = 55;
  exchange_.upstream = "default";
  exchange_.endpoint = "127.0.0.1:9000";
  exchange_.attempts = 2;
  exchange_.delivered = true;
  exchange_.received_status = 200;
  exchange_.chain_done = 1500us;
  exchange_.upstream_head = 21ms;
  exchange_.finished = 22007us;

  EXPECT_EQ(line(),
            R"({"time":"2025-03-14T09:26:53.589Z","request_id":"req-1","client":"203.0.113.7",)"
            R"("protocol":"HTTP/2","tls":true,"method":"POST","route":"/api/v2/send/bulk",)"
            R"("path":"/api/v2/send/bulk","status":200,)"
            R"("filters":[{"name":"api_key","us":3},{"name":"rate_limit","us":1200}],)"
            R"("account":"acct_42","key":"production","batch_items":1000,)"
            R"("limiter":{"rule":"single","remaining":199,"store":"redis"},)"
            R"("bytes_in":200123,"bytes_out":55,"upstream":"default","endpoint":"127.0.0.1:9000",)"
            R"("attempts":2,"delivered":true,"upstream_status":200,)"
            R"("chain_ms":1.500,"upstream_head_ms":21.000,"duration_ms":22.007})"
            "\n");
}

TEST_F(AccessLine, LeavesOutWhatDidNotHappen) {
  EXPECT_EQ(line(),
            R"({"time":"2025-03-14T09:26:53.589Z","request_id":"req-1","client":"203.0.113.7",)"
            R"("protocol":"HTTP/1.1","tls":false,"method":"POST","path":"/api/v2/send",)"
            R"("bytes_in":0,"bytes_out":0,"delivered":false,"duration_ms":0.000})"
            "\n");
}

TEST_F(AccessLine, NamesTheRefusalAndWhoRefused) {
  refuse("invalid_phone.recipient", 400, "invalid_phone");
  exchange_.refused_by = "schema";
  EXPECT_THAT(line(), HasSubstr(R"("status":400,"code":"invalid_phone",)"
                                R"("error":"invalid_phone.recipient","refused_by":"schema")"));
}

TEST_F(AccessLine, HasNoCodeWhereTheAnswerHasNone) {
  refuse("account_suspended", 403, "");
  EXPECT_THAT(line(), AllOf(HasSubstr(R"("error":"account_suspended")"), Not(HasSubstr("code"))));
}

TEST_F(AccessLine, TellsHowTheUpstreamFailed) {
  refuse("provider_error", 503, "provider_error");
  exchange_.upstream = "default";
  exchange_.failure = UpstreamFailure::foreign_error;
  exchange_.received_status = 503;
  exchange_.delivered = true;
  EXPECT_THAT(line(), HasSubstr(R"("delivered":true,"upstream_error":"foreign_error",)"
                                R"("upstream_status":503)"));
}

TEST_F(AccessLine, FlagsACutAnswerAndItsReason) {
  exchange_.flag = "client_gone";
  exchange_.cut = true;
  EXPECT_THAT(line(), HasSubstr(R"("flags":["client_gone","cut"])"));
}

TEST_F(AccessLine, HidesSensitivePathParameters) {
  const Operation hook =
      operation("/api/feedback/{provider}/{secret}/events",
                {path_parameter("provider", false), path_parameter("secret", true)});
  request("POST", "/api/feedback/lime/s3cr%2Ft/events");
  exchange_.operation = &hook;
  EXPECT_THAT(line(),
              AllOf(HasSubstr(R"("route":"/api/feedback/{provider}/{secret}/events")"),
                    HasSubstr(R"("path":"/api/feedback/lime/*/events")"), Not(HasSubstr("s3cr"))));
}

TEST_F(AccessLine, HidesASensitiveParameterAtTheEnd) {
  const Operation contact =
      operation("/api/v2/contacts/{phone_number}", {path_parameter("phone_number", true)});
  request("GET", "/api/v2/contacts/%2B14155556789");
  exchange_.operation = &contact;
  EXPECT_THAT(line(), HasSubstr(R"("path":"/api/v2/contacts/*",)"));
}

TEST_F(AccessLine, HasNoKeyWhereverAClientPutsIt) {
  const std::string key = "trk_Active00000000000000000000000001";
  request(key, "/api/v2/" + key);
  exchange_.request_id = "id-" + key;
  for (const char* format : {"json", "combined", "%{method} %{path} %{request_id}"}) {
    EXPECT_THAT(line(format), Not(HasSubstr("trk_"))) << format;
  }
}

TEST_F(AccessLine, NeverHasTheQuery) {
  request("GET", "/api/v2/contacts?list_number=%2B14155551234&token=hush");
  EXPECT_THAT(line(), AllOf(HasSubstr(R"("path":"/api/v2/contacts")"), Not(HasSubstr("hush")),
                            Not(HasSubstr("list_number"))));
}

TEST_F(AccessLine, StaysReadableWhateverThePathHolds) {
  request("GET", "/a\"b\\\x01\xff\n");
  EXPECT_THAT(line(), HasSubstr("\"path\":\"/a\\\"b\\\\\\u0001\uFFFD\\u000a\""));
}

TEST_F(AccessLine, CutsALongPathAndALongMethod) {
  request(std::string(5000, 'M'), "/" + std::string(5000, 'x'));
  EXPECT_LT(line().size(), 1500U);
}

TEST_F(AccessLine, HasNoRouteForAnUnknownPath) {
  Operation unknown = operation("");
  unknown.is_unknown = true;
  request("GET", "/nowhere");
  exchange_.operation = &unknown;
  EXPECT_THAT(line(), AllOf(HasSubstr(R"("path":"/nowhere")"), Not(HasSubstr("route"))));
}

TEST_F(AccessLine, IsWrittenForARequestThatCouldNotBeRead) {
  exchange_.request.method.clear();
  exchange_.path = {};
  refuse("invalid_input", 400, "invalid_input");
  EXPECT_THAT(line(), AllOf(Not(HasSubstr("method")), Not(HasSubstr("path")),
                            HasSubstr(R"("status":400)")));
}

// ------------------------------------------------------------------------- Apache's combined
// format

class CombinedLine : public AccessLine {
 protected:
  CombinedLine() { exchange_.status = 200; }
  std::string line() const { return AccessLine::line("combined"); }
};

TEST_F(CombinedLine, IsThatOfApache) {
  auto account = std::make_shared<Account>();
  account->id = "acct_42";
  auto key = std::make_shared<KeyRecord>();
  key->account = account;
  exchange_.key = key;
  exchange_.bytes_out = 55;
  exchange_.request.fields.add("referer", "https://app.example/campaigns");
  exchange_.request.fields.add("user-agent", "curl/7.88.1");
  EXPECT_EQ(line(),
            R"(203.0.113.7 - acct_42 [14/Mar/2025:09:26:53 +0000] "POST /api/v2/send HTTP/1.1" )"
            R"(200 55 "https://app.example/campaigns" "curl/7.88.1")"
            "\n");
}

TEST_F(CombinedLine, HasAHyphenForWhatIsAbsent) {
  exchange_.status = 0;
  EXPECT_EQ(
      line(),
      R"(203.0.113.7 - - [14/Mar/2025:09:26:53 +0000] "POST /api/v2/send HTTP/1.1" - - "-" "-")"
      "\n");
}

TEST_F(CombinedLine, HasAHyphenForARequestThatCouldNotBeRead) {
  exchange_.request.method.clear();
  exchange_.path = {};
  exchange_.status = 400;
  EXPECT_THAT(line(), HasSubstr(R"(+0000] "-" 400 - )"));
}

TEST_F(CombinedLine, NamesHttp2AsApacheDoes) {
  exchange_.protocol = Protocol::http2;
  EXPECT_THAT(line(), HasSubstr("HTTP/2.0\""));
}

TEST_F(CombinedLine, StaysOneLineWithItsQuotesWhateverAClientSends) {
  exchange_.request.fields.add("User-Agent", "a\"b\\c\r\nd\t\x01\x7f\xc3\xa9");
  EXPECT_THAT(line(), testing::EndsWith(R"("-" "a\"b\\c\r\nd\t\x01\x7f\xc3\xa9")"
                                        "\n"));
}

TEST_F(CombinedLine, HasNeitherQueriesNorKeys) {
  request("GET", "/api/v2/contacts?token=hush");
  exchange_.request.fields.add("Referer", "https://me:hush@app.example/a?key=hush#hush");
  exchange_.request.fields.add("User-Agent", "tool trk_Active00000000000000000000000001/1.0");
  EXPECT_THAT(line(),
              AllOf(HasSubstr("GET /api/v2/contacts HTTP"),
                    HasSubstr(R"("https://app.example/a" "tool */1.0")"), Not(HasSubstr("hush"))));
}

TEST_F(CombinedLine, CutsWhatIsLong) {
  request("GET", "/" + std::string(5000, 'x'));
  exchange_.request.fields.add("User-Agent", std::string(5000, 'x'));
  exchange_.request.fields.add("Referer", "http://" + std::string(5000, 'x'));
  EXPECT_LT(line().size(), 3500U);
}

// ----------------------------------------------------------------------------------------
// templates

TEST_F(AccessLine, FollowsATemplate) {
  exchange_.status = 204;
  exchange_.bytes_out = 7;
  exchange_.tls = true;
  exchange_.limiter.rule = "single";
  exchange_.trace = {{"api_key", 3us}, {"schema", 1200us}};
  exchange_.flag = "client_gone";
  exchange_.cut = true;
  exchange_.finished = 22007us;
  EXPECT_EQ(line("%{time} 100%% \"%{path}\" %{status} %{tls} %{limiter.rule} %{filters} %{flags} "
                 "%{bytes_out}b %{duration_ms}ms"),
            "2025-03-14T09:26:53.589Z 100% \"/api/v2/send\" 204 true single "
            "api_key:3,schema:1200 client_gone,cut 7b 22.007ms\n");
}

TEST_F(AccessLine, HasAHyphenInATemplateForWhatIsAbsent) {
  EXPECT_EQ(line("%{status}|%{upstream}|%{flags}|%{filters}|%{code}"), "-|-|-|-|-\n");
}

TEST_F(AccessLine, EscapesWhatAClientSendsInATemplate) {
  request("GET", "/a\"b\\\x01\xff\n");
  EXPECT_EQ(line("\"%{path}\""), R"("/a\"b\\\x01\xff\n")"
                                 "\n");
}

TEST(AccessFormat, KnowsJsonCombinedAndTemplates) {
  for (const char* format :
       {"json", "combined", "%{status}", "100%%", "%{time} %{limiter.store}"}) {
    EXPECT_EQ(AccessFormat::check(format), std::nullopt) << format;
  }
}

std::string fault_of(std::string_view format) {
  const auto fault = AccessFormat::check(format);
  return fault ? fault->text : "";
}

TEST(AccessFormat, SaysWhatIsWrongWithAFormat) {
  EXPECT_EQ(fault_of("common"),
            "expected json, combined or a template such as \"%{time} %{status} %{path}\"");
  EXPECT_EQ(fault_of("%{statsu}"), "unknown field \"statsu\"; did you mean \"status\"?");
  EXPECT_EQ(fault_of("%{time} %h"), "expected %{field}, or %% for a percent sign, at \"%h\"");
  EXPECT_EQ(fault_of("%{time"), "expected %{field}, or %% for a percent sign, at \"%{time\"");
  EXPECT_EQ(fault_of("50%"), "expected %{field}, or %% for a percent sign, at \"%\"");
  EXPECT_EQ(fault_of("%{time}\n%{path}"), "expected a single line");
}

// ------------------------------------------------------------------------------------ missing
// lines

std::string lost_line(std::string format) {
  AccessLogSettings settings;
  settings.format = std::move(format);
  return access_log_options(settings).lost_line(12);
}

TEST(AccessLogOptions, MarkMissingLinesInTheMannerOfTheFormat) {
  EXPECT_THAT(lost_line("json"),
              testing::MatchesRegex("\\{\"time\":\"[-0-9T:.]+Z\",\"lost\":12\\}\n"));
  EXPECT_THAT(lost_line("combined"), testing::MatchesRegex("\\[[^ ]+ \\+0000\\] lost 12\n"));
  EXPECT_THAT(lost_line("%{time}"), testing::EndsWith(" lost 12\n"));
}

TEST(AccessLogOptions, AreEqualWhereOneWriterServesBoth) {
  AccessLogSettings one;
  AccessLogSettings other = one;
  other.sample_successes = 0.5;
  EXPECT_EQ(access_log_options(one), access_log_options(other));
  other.path = "elsewhere";
  EXPECT_NE(access_log_options(one), access_log_options(other));
  one.syslog.emplace();
  other.syslog.emplace();
  EXPECT_EQ(access_log_options(one), access_log_options(other)) << "the path is of no concern";
  other.syslog->severity = 0;
  EXPECT_NE(access_log_options(one), access_log_options(other));
}

}  // namespace
}  // namespace trackly::observe
