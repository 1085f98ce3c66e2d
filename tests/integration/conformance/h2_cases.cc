#include "tests/integration/conformance/h2_cases.h"

namespace trackly::test {

H2Client::Fields H2CaseClient::request(std::string_view method, const Fields& more) const {
  Fields fields = get_;
  fields.front().second = method;
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

}  // namespace trackly::test
