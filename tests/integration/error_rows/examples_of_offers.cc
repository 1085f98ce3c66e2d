// Offers, links to them and the revenue from them: rows 103 to 110.

#include "tests/integration/error_rows/example.h"

namespace trackly::test {

Examples examples_of_offers() {
  const std::string link_to_a_number = R"([{"key":"link1","offer_id":7}])";
  return {
      // missing_offer_id
      {103, post(kLinksPath, "{}")},
      {103, post(kLinksPath, link().without("offerId"))},
      // invalid_offer_id
      {104, post(kLinksPath, link().with("offerId", "7"))},
      // invalid_offer_link_offer_id
      {105, post(kCreativesPath, creative().with("offer_links", link_to_a_number))},
      {105, put(kCreativePath, Body{{"offer_links", link_to_a_number}})},
      // invalid_offer_links
      {106, post(kCreativesPath, creative().with("offer_links", R"("link1")"))},
      {106, post(kCreativesPath, creative().with("offer_links", R"(["link1"])"))},
      {106, put(kCreativePath, Body{{"offer_links", "{}"}})},
      {106, post(kSchedulesPath,
                 blast_schedule().with(
                     "blasts", R"([{"message":"a","percent_audience":100,"offer_links":"x"}])"))},
      // invalid_payout_type
      {107, post(kOffersPath, offer().with("payout_type", R"("cpm")"))},
      {107, put(kOfferPath, Body{{"payout_type", "7"}})},
      // missing_attribution_type, invalid_attribution_type
      {108, post(kRevenuePath, revenue().without("attribution_type"))},
      {109, post(kRevenuePath, revenue().with("attribution_type", R"("gift")"))},
      {109, post(kRevenuePath, revenue().with("attribution_type", "7"))},
      // invalid_external_platform
      {110, post(kOffersPath, offer().with("external_platform", R"("hasoffers")"))},
      {110, put(kOfferPath, Body{{"external_platform", R"("hasoffers")"}})},
  };
}

}  // namespace trackly::test
