#include "tests/support/service.h"

#include <utility>

namespace trackly::test {

Service::Service(Upstream upstream, React react) {
  if (upstream == Upstream::h1) {
    h1_ = std::make_unique<FakeService>(reacting(std::move(react)));
  } else {
    h2_ = std::make_unique<FakeH2Service>(std::move(react));
  }
}

std::string authority_of(const HttpMessage& request) {
  return request.has(":authority") ? request.field(":authority") : request.field("host");
}

}  // namespace trackly::test
