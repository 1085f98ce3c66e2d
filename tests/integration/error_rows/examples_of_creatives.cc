// Creatives, and the status of whatever has one: rows 44 to 55.

#include "tests/integration/error_rows/example.h"

namespace trackly::test {

Examples examples_of_creatives() {
  const std::string link_without_key = R"([{"offer_id":"507f1f77bcf86cd799439013"}])";
  const std::string link_without_offer = R"([{"key":"link1"}])";
  const std::string three_links = R"("{{link1}} {{link2}} {{link3}}")";
  const Body two_missing = creative().with("message", three_links);
  return {
      // missing_name
      {44, post(kCreativesPath, "{}")},
      {44, post(kCreativesPath, creative().without("name"))},
      {44, post(kSchedulesPath, "{}")},
      {44, post(kSchedulesPath, blast_schedule().without("name"))},
      {44, put(kSchedulePath, Body{{"name", R"("")"}})},
      {44, post(kOffersPath, "{}")},
      {44, post(kAudiencesPath, "{}")},
      // missing_message
      {45, post(kCreativesPath, creative().without("message"))},
      {45, post(kCreativesPath, creative().with("message", R"("")"))},
      // missing_offer_links
      {46, post(kCreativesPath, creative().without("offer_links"))},
      {46, post(kCreativesPath, creative().with("offer_links", "[]"))},
      // name_too_long
      {47, post(kCreativesPath, creative().with("name", text_of(256)))},
      {47, put(kCreativePath, Body{{"name", text_of(256)}})},
      {47, post(kOffersPath, offer().with("name", text_of(256)))},
      {47, put(kOfferPath, Body{{"name", text_of(256)}})},
      {47, post(kAudiencesPath, audience().with("name", text_of(256)))},
      {47, put(kAudiencePath, Body{{"name", text_of(256)}})},
      // message_too_long
      {48, post(kCreativesPath, creative().with("message", text_of(1601, "{{link1}}")))},
      {48, put(kCreativePath, Body{{"message", text_of(1601, "{{link1}}")}})},
      // invalid_status: each with its own values
      {.row = 49,
       .request = post(kCreativesPath, creative().with("status", R"("archived")")),
       .values = "active, paused"},
      {.row = 49,
       .request = put(kCreativePath, Body{{"status", R"("gone")"}}),
       .values = "active, paused, archived"},
      {.row = 49,
       .request = post(kSchedulesPath, blast_schedule().with("status", R"("complete")")),
       .values = "draft, off, on"},
      {.row = 49,
       .request = put(kSchedulePath, Body{{"status", "true"}}),
       .values = "draft, off, on, complete, archive"},
      {.row = 49,
       .request = post(kOffersPath, offer().with("status", R"("archived")")),
       .values = "active, paused"},
      {.row = 49,
       .request = put(kOfferPath, Body{{"status", R"("gone")"}}),
       .values = "active, paused, archived"},
      // invalid_creative_type
      {.row = 50,
       .request = post(kCreativesPath, creative().with("creative_type", R"("weekly")")),
       .values = "automated, one_time, welcome"},
      {.row = 50,
       .request = put(kCreativePath, Body{{"creative_type", R"("weekly")"}}),
       .values = "automated, one_time, welcome"},
      // missing_link_placeholder
      {51, post(kCreativesPath, creative().with("message", R"("No link at all")"))},
      {51, put(kCreativePath, Body{{"message", R"("{{first_name}}, no link")"}})},
      // missing_offer_links_for_placeholders
      {.row = 52, .request = post(kCreativesPath, two_missing), .values = "link2, link3"},
      {.row = 52, .request = put(kCreativePath, two_missing), .values = "link2, link3"},
      // missing_offer_link_key
      {53, post(kCreativesPath, creative().with("offer_links", link_without_key))},
      {53, put(kCreativePath, Body{{"offer_links", link_without_key}})},
      // missing_offer_link_offer_id
      {54, post(kCreativesPath, creative().with("offer_links", link_without_offer))},
      {54, put(kCreativePath, Body{{"offer_links", link_without_offer}})},
      // offer_not_found
      by_service(55, post(kCreativesPath, creative()), "offer_123"),
      by_service(55, put(kCreativePath, creative()), "offer_123"),
  };
}

}  // namespace trackly::test
