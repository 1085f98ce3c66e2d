// One path, many spellings. What two programs could read as different paths is refused before a
// route is looked for; every other spelling of a route meets the rules of the plain one, and is
// forwarded as it came.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/conformance/h2_client.h"
#include "tests/integration/conformance/shared_gateway.h"
#include "tests/support/sample_requests.h"

namespace trackly::test {
namespace {

/// A message without the member that is asked for first.
constexpr std::string_view kNoMessage = "{}";
constexpr std::string_view kItsAnswer = "missing_to";

struct Spelling {
  std::string_view title;
  std::string target;
};

/// What a client saw.
struct Outcome {
  int status = 0;      // 0: RST_STREAM
  std::string reason;  // of Proxy-Status
};

class Paths : public SharedGateway, public testing::WithParamInterface<Spelling> {
 protected:
  static Outcome post_h1(std::string_view target, std::string_view body) {
    const auto client = gateway().connect();
    client->send(http1_request("POST", target, key_field() + "\r\n", body));
    const HttpMessage answer = client->read_message();
    return {answer.status(), answer.field("proxy-status")};
  }
  static Outcome post_h2(std::string_view target, std::string_view body) {
    H2Client client(gateway().connect());
    client.handshake();
    client.send({client.frames.headers(1,
                                       {{":method", "POST"},
                                        {":scheme", "http"},
                                        {":authority", "gateway.test"},
                                        {":path", std::string(target)},
                                        {"x-api-key", std::string(keys::kActive)}},
                                       false),
                 H2Wire::data(1, body, true)});
    std::string head;
    const int status = client.status_of(1, &head);
    return {status, head};
  }
};

/// Unknown paths are forwarded: a rule that a spelling dodges would show.
class AmbiguousPath : public Paths {};

TEST_P(AmbiguousPath, IsRefusedOnHttp1) {
  const Outcome outcome = post_h1(GetParam().target, kMessage);
  EXPECT_EQ(outcome.status, 400);
  EXPECT_THAT(outcome.reason, testing::HasSubstr("invalid_input"));
  EXPECT_TRUE(received().empty());
}

TEST_P(AmbiguousPath, IsRefusedOnHttp2) {
  const Outcome outcome = post_h2(GetParam().target, kMessage);
  EXPECT_TRUE(outcome.status == 400 || outcome.status == 0) << outcome.status;
  EXPECT_TRUE(received().empty());
}

INSTANTIATE_TEST_SUITE_P(, AmbiguousPath,
                         testing::ValuesIn(std::vector<Spelling>{
                             {"Encoded slash", "/api/v2%2Fsend"},
                             {"Encoded slash in lower case", "/api/v2%2fsend"},
                             {"Encoded slash in the beginning", "/%2Fapi/v2/send"},
                             {"Encoded slash at the end", "/api/v2/send%2F"},
                             {"Encoded backslash", "/api/v2%5Csend"},
                             {"Encoded backslash in lower case", "/api/v2%5csend"},
                             {"Backslash", "/api/v2\\send"},
                             {"Backslash at the end", "/api/v2/send\\"},
                             {"Two slashes", "/api//v2/send"},
                             {"Two slashes in the beginning", "//api/v2/send"},
                             {"Two slashes at the end", "/api/v2/send//"},
                             {"Nothing but slashes", "///"},
                             {"Dot segment", "/api/./v2/send"},
                             {"Dot segment at the end", "/api/v2/send/."},
                             {"Two dots", "/api/v1/../v2/send"},
                             {"Two dots at the end", "/api/v2/send/.."},
                             {"Two dots that leave the root", "/../../api/v2/send"},
                             {"Encoded dot", "/api/%2e/v2/send"},
                             {"Encoded dots", "/api/v1/%2e%2e/v2/send"},
                             {"Encoded dots in upper case", "/api/v1/%2E%2E/v2/send"},
                             {"Half encoded dots", "/api/v1/.%2e/v2/send"},
                             {"Other half encoded dots", "/api/v1/%2e./v2/send"},
                             {"Dots behind an encoded slash", "/api/v1%2f..%2fv2/send"},
                             {"Path parameter", "/api/v2/send;v=1"},
                             {"Empty path parameter", "/api/v2/send;"},
                             {"Path parameter in the middle", "/api;x/v2/send"},
                             {"Dots behind a path parameter", "/api/v1;x/..;/v2/send"},
                             {"Encoded NUL", "/api/v2/send%00"},
                             {"Encoded line feed", "/api/v2/send%0A"},
                             {"Encoded CRLF", "/api/v2/send%0D%0AX-Odd:%20a"},
                             {"Encoded tab", "/api/v2/send%09"},
                             {"Encoded DEL", "/api/v2/send%7F"},
                             {"Overlong slash", "/api/v2%C0%AFsend"},
                             {"Overlong slash of three bytes", "/api/v2%E0%80%AFsend"},
                             {"Overlong slash of four bytes", "/api/v2%F0%80%80%AFsend"},
                             {"Overlong dots", "/api/v1/%C0%AE%C0%AE/v2/send"},
                             {"Overlong letter", "/api/v2/%C1%B3end"},
                             {"Surrogate", "/api/v2/%ED%A0%80"},
                             {"Beyond Unicode", "/api/v2/%F4%90%80%80"},
                             {"Half of a character", "/api/v2/%C3"},
                             {"Character over two segments", "/api/v2/%C3/%A4"},
                             {"Byte that is no character", "/api/v2/%FF"},
                             {"Byte that is no character, not encoded", "/api/v2/\xff"},
                             {"Overlong slash, not encoded", "/api/v2\xc0\xafsend"},
                             {"Fragment", "/api/v2/send#x"},
                             {"Empty fragment", "/api/v2/send#"},
                             {"Fragment in a query", "/api/v2/send?x#y"},
                             {"Escape of no digits", "/api/v2/send%zz"},
                             {"Escape of one digit", "/api/v2/send%4"},
                             {"Escape of nothing", "/api/v2/send%"},
                             {"Escape of one digit and a slash", "/api/v2%2/send"},
                             {"Unicode escape", "/api/v2%u002fsend"},
                             {"No slash", "api/v2/send"},
                             {"Asterisk", "*"},
                             {"Query alone", "?x"},
                         }),
                         row_name<Spelling>);

/// Unknown paths are refused: what is not the route is not served.
class SpelledPath : public Paths {
 protected:
  static void SetUpTestSuite() { start("refuse"); }
};

class AnotherSpelling : public SpelledPath {};

TEST_P(AnotherSpelling, MeetsTheRulesOfThePlainPath) {
  for (const auto& post : {post_h1, post_h2}) {
    const Outcome refused = post(GetParam().target, kNoMessage);
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.reason, testing::HasSubstr(kItsAnswer));
  }
  EXPECT_TRUE(received().empty());
}

TEST_P(AnotherSpelling, IsForwardedAsItCame) {
  EXPECT_EQ(post_h1(GetParam().target, kMessage).status, 200);
  EXPECT_EQ(post_h2(GetParam().target, kMessage).status, 200);
  ASSERT_EQ(received().size(), 2U);
  EXPECT_EQ(received()[0].target(), GetParam().target);
  EXPECT_EQ(received()[1].target(), GetParam().target);
}

INSTANTIATE_TEST_SUITE_P(, AnotherSpelling,
                         testing::ValuesIn(std::vector<Spelling>{
                             {"Plain", "/api/v2/send"},
                             {"First letter", "/api/v2/%73end"},
                             {"Last letter", "/api/v2/sen%64"},
                             {"Whole word", "/api/v2/%73%65%6e%64"},
                             {"Whole word in upper case", "/api/v2/%73%65%6E%64"},
                             {"Everything", "/%61%70%69/%76%32/%73%65%6e%64"},
                             {"Prefix", "/%61pi/v2/send"},
                             {"Digit", "/api/v%32/send"},
                             {"With a query", "/api/v2/send?a=b&c=/../d//e;f"},
                             {"With an empty query", "/api/v2/send?"},
                             {"With a query that has escapes", "/api/v2/%73end?%2F%2e%zz%00"},
                         }),
                         row_name<Spelling>);

class AnotherPath : public SpelledPath {};

TEST_P(AnotherPath, IsNotFound) {
  EXPECT_EQ(post_h1(GetParam().target, kMessage).status, 404);
  EXPECT_EQ(post_h2(GetParam().target, kMessage).status, 404);
  EXPECT_TRUE(received().empty());
}

INSTANTIATE_TEST_SUITE_P(, AnotherPath,
                         testing::ValuesIn(std::vector<Spelling>{
                             {"Trailing slash", "/api/v2/send/"},
                             {"Upper case", "/api/v2/SEND"},
                             {"Upper case of the prefix", "/API/v2/send"},
                             {"Encoded upper case", "/api/v2/%53end"},
                             {"Encoded twice", "/api/v2/%2573end"},
                             {"Slash that is encoded twice", "/api/v2%252Fsend"},
                             {"Dots that are encoded twice", "/api/v1/%252e%252e/v2/send"},
                             {"Space", "/api/v2/send%20"},
                             {"Space in front", "/api/v2/%20send"},
                             {"Plus", "/api/v2/send+"},
                             {"Dot", "/api/v2/send."},
                             {"Three dots", "/api/.../v2/send"},
                             {"Encoded semicolon", "/api/v2/send%3Bx"},
                             {"Encoded question mark", "/api/v2/send%3Fx"},
                             {"Encoded number sign", "/api/v2/send%23x"},
                             {"Encoded percent sign", "/api/v2/send%25"},
                             {"Wide letters", "/api/v2/%EF%BD%93end"},
                             {"Combining letter", "/api/v2/send%CC%81"},
                             {"Wide slash", "/api/v2%EF%BC%8Fsend"},
                             {"Division slash", "/api/v2%E2%88%95send"},
                             {"Wide dots", "/api/v1/%EF%BC%8E%EF%BC%8E/v2/send"},
                             {"No break space", "/api/v2/send%C2%A0"},
                             {"Zero width space", "/api/v2/send%E2%80%8B"},
                         }),
                         row_name<Spelling>);

class PathParameter : public SharedGateway {
 protected:
  static void SetUpTestSuite() { start("refuse"); }
};

TEST_F(PathParameter, IsJudgedDecodedAndForwardedAsItCame) {
  const auto client = gateway().connect();
  const std::string targets[] = {"/api/v2/contacts/+14155556789", "/api/v2/contacts/%2B14155556789",
                                 "/api/v2/contacts/%2b1415555%36789"};
  for (const std::string& target : targets) {
    client->send(http1_request("GET", target, key_field() + "\r\n"));
    EXPECT_EQ(client->read_message().status(), 200) << target;
    EXPECT_EQ(received().back().target(), target);
  }
}

TEST_F(PathParameter, IsNotEmpty) {
  const auto client = gateway().connect();
  client->send(http1_request("GET", "/api/v2/contacts/", key_field() + "\r\n"));
  EXPECT_EQ(client->read_message().status(), 404);
}

TEST_F(PathParameter, DoesNotHideALiteral) {
  // "send" of /api/v2/send/bulk, not a parameter beside it.
  const auto client = gateway().connect();
  client->send(http1_request("POST", "/api/v2/s%65nd/b%75lk", key_field() + "\r\n", "{}"));
  const HttpMessage answer = client->read_message();
  EXPECT_EQ(answer.status(), 400);
  client->send(http1_request("POST", kBulkPath, key_field() + "\r\n", "{}"));
  EXPECT_EQ(client->read_message().body, answer.body);
}

}  // namespace
}  // namespace trackly::test
