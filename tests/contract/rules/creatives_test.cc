// Creatives: a text with placeholders, and where each of them leads.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

constexpr std::string_view kCreate = "POST /api/v2/creatives";
constexpr std::string_view kUpdate = "PUT /api/v2/creatives/{id}";
constexpr std::string_view kLink1 = R"([{"key":"link1","offer_id":"offer_123"}])";

const Object& creative() {
  static const Object kCreative{{"name", R"("Spring")"},
                                {"message", R"("Hi {{link1}}")"},
                                {"offer_links", std::string(kLink1)}};
  return kCreative;
}

TEST_F(Rules, CreativesTakeWhatThePageShows) {
  expect(kCreate,
         {{creative(), kPasses},
          {creative()
               .with("offer_links", R"([{"key":"link1","offer_id":"65f2c0ffee1234567890abcd",)"
                                    R"("url":"https://example.com","url_params":{"a":"b"}}])")
               .with("status", R"("paused")")
               .with("creative_type", R"("one_time")"),
           kPasses}});
  expect(kUpdate, {{creative(), kPasses},
                   {R"({"name":"Summer"})", kPasses},
                   {R"({"status":"archived"})", kPasses},
                   {R"({"message":"Only {{link1}}"})", kPasses},
                   {R"({"offer_links":[{"key":"link7","offer_id":"x"}]})", kPasses}});
}

TEST_F(Rules, CreativesAnswerTheFirstFaultInTheOrderOfThePage) {
  const std::vector<Fault> faults = {
      {"name", "", "missing_name"},
      {"name", R"("")", "missing_name"},
      {"name", "5", "missing_name"},
      {"name", text_of(256), "name_too_long"},
      {"name", text_of(255), kPasses},
      {"message", "", "missing_message"},
      {"message", "null", "missing_message"},
      {"message", R"(["{{link1}}"])", "missing_message"},
      {"message", text_of(1601), "message_too_long"},
      {"message", R"("Hello!")", "missing_link_placeholder"},
      {"message", R"("Hi {{link1}} and {{link2}}")", kPasses},
      {"offer_links", "", "missing_offer_links"},
      {"offer_links", "[]", "missing_offer_links"},
      {"offer_links", "{}", "invalid_offer_links"},
      {"offer_links", R"(["link1"])", "invalid_offer_links"},
      {"offer_links", "[{}]", "missing_offer_link_key"},
      {"offer_links", R"([{"key":"","offer_id":""}])", "missing_offer_link_key"},
      {"offer_links", R"([{"key":1,"offer_id":1}])", "missing_offer_link_key"},
      {"offer_links", R"([{"key":"link1"}])", "missing_offer_link_offer_id"},
      {"offer_links", R"([{"key":"link1","offer_id":""}])", "missing_offer_link_offer_id"},
      {"offer_links", R"([{"key":"link1","offer_id":7}])", "invalid_offer_link_offer_id"},
      {"offer_links", std::string(kLink1), kPasses},
      {"status", R"("archived")", "invalid_status"},
      {"status", R"("active")", kPasses},
      {"creative_type", R"("Welcome")", "invalid_creative_type"},
      {"creative_type", R"("welcome")", kPasses},
      {"message", R"("Hi {{link1}} and {{link2}}")", "missing_offer_links_for_placeholders"},
      {"message", R"("Hi {{link1}}")", kPasses},
  };
  expect_in_order(kCreate, faults);
}

TEST_F(Rules, UpdatesOfCreativesAnswerTheFirstFaultToo) {
  expect_in_order(kUpdate, {{"name", "5", "missing_name"},
                            {"name", text_of(256), "name_too_long"},
                            {"name", R"("")", kPasses},
                            {"message", "5", "missing_message"},
                            {"message", text_of(1601), "message_too_long"},
                            {"message", R"("")", "missing_link_placeholder"},
                            {"message", R"("{{link2}}")", kPasses},
                            {"offer_links", R"("")", "invalid_offer_links"},
                            {"offer_links", "[]", "missing_offer_links"},
                            {"offer_links", "[null]", "invalid_offer_links"},
                            {"offer_links", R"([{"offer_id":"x"}])", "missing_offer_link_key"},
                            {"offer_links", R"([{"key":"link1"}])", "missing_offer_link_offer_id"},
                            {"offer_links", std::string(kLink1), kPasses},
                            {"status", R"("")", "invalid_status"},
                            {"status", R"("archived")", kPasses},
                            {"creative_type", "5", "invalid_creative_type"},
                            {"creative_type", "null", kPasses},
                            {"message", R"("{{link2}}")", "missing_offer_links_for_placeholders"},
                            {"message", R"("{{link1}}")", kPasses}});
}

TEST_F(Rules, CreativesListWhatEachEndpointAllows) {
  EXPECT_EQ(answer(kCreate, creative().with("status", R"("x")")),
            "status must be one of: active, paused");
  EXPECT_EQ(answer(kUpdate, R"({"status":"x"})"),
            "status must be one of: active, paused, archived");
  EXPECT_EQ(answer(kUpdate, R"({"creative_type":"x"})"),
            "creative_type must be one of: automated, one_time, welcome");
}

TEST_F(Rules, CreativesNameThePlaceholdersThatHaveNoLink) {
  EXPECT_EQ(
      answer(kCreate,
             creative().with("message", R"("{{link3}} {{link1}} {{link2}} {{link3}} {{name}}")")),
      "Missing offer_links for placeholders: link3, link2");
  EXPECT_EQ(answer(kCreate, creative().with("message", R"("no link")")),
            "message must contain at least one {{linkN}} placeholder");
}

// Whether the service reads these as placeholders is not known, so they are not looked for links.
TEST_F(Rules, CreativesMayHaveSpacesInsideTheBraces) {
  expect(kCreate, {{creative().with("message", R"("Hi {{ link9 }}")"), kPasses},
                   {creative().with("message", R"("Hi {{link}}")"), "missing_link_placeholder"},
                   {creative().with("message", R"("Hi {link1}")"), "missing_link_placeholder"},
                   {creative().with("message", R"("Hi link1")"), "missing_link_placeholder"}});
}

TEST_F(Rules, CreativesCountCharactersAndNotBytes) {
  std::string umlauts;
  for (int i = 0; i < 255; ++i) umlauts += "ü";
  std::string smileys = "{{link1}}";
  for (int i = 0; i < 1591; ++i) smileys += "🙂";
  expect(kCreate, {{creative().with("name", '"' + umlauts + '"'), kPasses},
                   {creative().with("name", '"' + umlauts + "ü\""), "name_too_long"},
                   {creative().with("message", '"' + smileys + '"'), kPasses},
                   {creative().with("message", '"' + smileys + "🙂\""), "message_too_long"}});
}

TEST_F(Rules, CreativesLetPassWhatNoRowIsAbout) {
  expect_field(kCreate, creative(), "offer_links",
               {{R"([{"key":"link1","offer_id":"x","url":5,"url_params":"a=b"}])", kPasses},
                {R"([{"key":"link1","offer_id":"x","url":null,"url_params":null}])", kPasses},
                {R"([{"key":"link1","offer_id":"x"},{"key":"link2","offer_id":"x"}])", kPasses},
                {R"([{"key":"link1","offer_id":"x"},{"key":"link1","offer_id":"x"}])", kPasses}});
  for (const std::string_view id : {"7", "abc", "65f2c0ffee1234567890abcd", "-1"}) {
    EXPECT_EQ(judge({"GET /api/v2/creatives/{id}", "", "", {std::string(id)}}), kPasses);
    EXPECT_EQ(judge({std::string(kUpdate), "{}", "", {std::string(id)}}), kPasses);
  }
}

TEST_F(Rules, QueriesMayFilterByWhateverTheyLike) {
  for (const std::string_view list :
       {"GET /api/v2/creatives", "GET /api/v2/audiences", "GET /api/v2/offers",
        "GET /api/v2/schedules", "GET /api/v2/lists"}) {
    for (const std::string_view query :
         {"", "status=active", "status=nonsense", "status=", "status=a&status=b",
          "creative_type=x&page=0&per_page=100000", "page=x", "cursor=abc"}) {
      EXPECT_EQ(judge({std::string(list), "", std::string(query), {}}), kPasses)
          << list << "?" << query;
    }
  }
}

}  // namespace
}  // namespace trackly::test
