// Tracked links, and what counts as a URL.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

constexpr std::string_view kLink = "POST /api/v2/links";
constexpr std::string_view kShorten = "POST /api/v2/links/shorten";
constexpr std::string_view kCreateOffer = "POST /api/v2/offers";

TEST_F(Rules, LinksNeedAnOfferAndAList) {
  expect(kLink,
         {{R"({"offerId":"offer_123","listId":42})", kPasses},
          {R"({"externalOfferId":"7","phoneNumber":"+14155551234"})", kPasses},
          {R"({"offerId":"a","externalOfferId":"b","listId":1,"phoneNumber":"+1415"})", kPasses},
          {R"({"listId":42})", "missing_offer_id"},
          {R"({"offerId":"","externalOfferId":null,"listId":42})", "missing_offer_id"},
          {R"({"offerId":"a"})", "missing_list_identifier"},
          {R"({"offerId":"a","listId":null,"phoneNumber":""})", "missing_list_identifier"},
          {R"({"offerId":7,"listId":42})", "invalid_offer_id"},
          {R"({"offerId":["a"]})", "invalid_offer_id"},
          {R"({"offerId":"a","phoneNumber":"14155551234"})", "invalid_phone.e164"},
          {R"({"offerId":"a","phoneNumber":14155551234})", "invalid_phone.e164"},
          {R"({"offerId":"a","listId":42,"phoneNumber":"?"})", "invalid_phone.e164"}});
}

TEST_F(Rules, LinksAnswerTheFirstFaultInTheOrderOfThePage) {
  expect_in_order(kLink, {{"offerId", "", "missing_offer_id"},
                          {"offerId", "5", "invalid_offer_id"},
                          {"offerId", R"("a")", kPasses},
                          {"phoneNumber", "", "missing_list_identifier"},
                          {"phoneNumber", R"("415")", "invalid_phone.e164"},
                          {"phoneNumber", R"("+14155551234")", kPasses}});
  expect_in_order(kShorten, {{"url", "", "missing_url_or_offer"},
                             {"url", R"("")", "missing_url_or_offer"},
                             {"url", "5", "invalid_url"},
                             {"url", R"("example.com")", "invalid_url"},
                             {"url", R"("ftp://example.com")", "invalid_url_scheme"},
                             {"url", R"("https://example.com")", kPasses},
                             {"phoneNumber", "", "missing_list_identifier"},
                             {"phoneNumber", R"("415")", "invalid_phone.e164"},
                             {"phoneNumber", R"("+14155551234")", kPasses},
                             {"metadata", R"("x")", "invalid_metadata"},
                             {"metadata", "{}", kPasses}});
}

TEST_F(Rules, ShortLinksNeedAUrlOrAnOffer) {
  expect(kShorten, {{R"({"url":"https://example.com/x","listId":42})", kPasses},
                    {R"({"offerId":"offer_123","listId":42})", kPasses},
                    {R"({"listId":42})", "missing_url_or_offer"},
                    {R"({"url":"","offerId":"","listId":42})", "missing_url_or_offer"},
                    {R"({"url":null,"listId":42})", "missing_url_or_offer"},
                    {R"({"offerId":7,"listId":42})", "invalid_offer_id"}});
}

TEST_F(Rules, ShortLinksDoNotLookAtTheUrlWhereAnOfferWins) {
  for (const std::string_view url : {R"("nowhere")", R"("")", "5", "null", R"("ftp://x")"}) {
    expect(kShorten, {{R"({"offerId":"a","listId":42,"url":)" + std::string(url) + "}", kPasses}});
  }
}

TEST_F(Rules, LinksLetPassWhatNoRowIsAbout) {
  const Object link{{"offerId", R"("a")"}, {"listId", "42"}};
  for (const std::string_view operation : {kLink, kShorten}) {
    expect_field(operation, link, "listId", {{R"("42")", kPasses}, {"true", kPasses}});
    expect_field(operation, link, "contactPhone", {{R"("415 555")", kPasses}, {"5", kPasses}});
    expect_field(operation, link, "externalOfferId", {{"7", kPasses}, {"[]", kPasses}});
  }
  expect_field(kShorten, link, "metadata", {{"null", kPasses}, {R"({"a":{"b":[1]}})", kPasses}});
}

TEST_F(Rules, UrlsMayBeWhateverAParserOfUrlsTakes) {
  for (const std::string_view url :
       {"https://example.com",
        "http://example.com/",
        "HTTPS://EXAMPLE.COM/Path",
        "hTTp://a",
        "https://user:password@example.com:8443/a?b=c#d",
        "https://[2001:db8::1]/x",
        "https://192.0.2.7:80",
        "https://example.com?x",
        "https://example.com#x",
        "https://track.example.com/c?aff={aff_id}&sub={{messageId}}&n=%%name%%",
        "https://{{domain}}/x",
        "https://{sub}.example.com/",
        "https://${host}/",
        "https://пример.рф/путь",
        "https://例え.jp",
        "https://example.com/ä ö?ü=€",
        "  https://example.com/  ",
        "\\t\\nhttps://example.com\\n",
        "https://example.com/a b\\nc",
        "https:example.com",
        "https:/example.com",
        "https:///example.com",
        "https:\\\\\\\\a.b\\\\c",
        "http://localhost:3000",
        "https://ada l:pw@example.com/",
        "https://exam\\nple.com",
        "https://example.com./",
        "https://a_b.example.com",
        "https://example.com:/",
        "https://xn--e1afmkfd.xn--p1ai/"}) {
    const std::string json = '"' + std::string(url) + '"';
    expect(kShorten, {{R"({"listId":1,"url":)" + json + "}", kPasses}});
    expect(kCreateOffer, {{R"({"name":"x","tracking_url":)" + json + "}", kPasses}});
  }
}

TEST_F(Rules, UrlsThatNoParserTakesAreInvalid) {
  for (const std::string_view url : {" ",
                                     "x",
                                     "example.com",
                                     "www.example.com/path",
                                     "//example.com/path",
                                     "/path",
                                     "?q",
                                     "https",
                                     "https//example.com",
                                     "://example.com",
                                     "1http://example.com",
                                     "ht tp://a",
                                     "{{url}}",
                                     "https:",
                                     "https://",
                                     "http:///",
                                     "https://?x",
                                     "https://#x",
                                     "https:// /x",
                                     "https://exa mple.com/",
                                     "https://example.com /x"}) {
    const std::string json = '"' + std::string(url) + '"';
    expect(kShorten, {{R"({"listId":1,"url":)" + json + "}", "invalid_url"}});
    expect(kCreateOffer, {{R"({"name":"x","tracking_url":)" + json + "}", "invalid_url"}});
  }
  for (const std::string_view json : {"5", "true", "{}", R"(["https://example.com"])"}) {
    expect(kShorten, {{R"({"listId":1,"url":)" + std::string(json) + "}", "invalid_url"}});
  }
}

TEST_F(Rules, UrlsOfOtherSchemesAreToldSo) {
  for (const std::string_view url :
       {"ftp://example.com", "javascript:alert(1)", "mailto:ada@example.com", "data:text/html,x",
        "httpx://example.com", "file:///etc/passwd", "example.com:8080/x", "sms:+14155556789",
        "intent://x#Intent;end", "my-app+1.0:open", " tel:5"}) {
    const std::string json = '"' + std::string(url) + '"';
    expect(kShorten, {{R"({"listId":1,"url":)" + json + "}", "invalid_url_scheme"}});
    expect(kCreateOffer, {{R"({"name":"x","tracking_url":)" + json + "}", "invalid_url_scheme"}});
  }
}

}  // namespace
}  // namespace trackly::test
