#pragma once

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/support/curl.h"
#include "tests/support/service.h"

namespace trackly::test {

/// A test's protocols: downstream, upstream.
using ProtocolPair = std::tuple<Downstream, Upstream>;

/// "TlsH2H1": TLS and HTTP/2 from the client, HTTP/1.1 to the service.
inline std::string pair_name(Downstream downstream, Upstream upstream) {
  return std::string(to_string(downstream)) + std::string(to_string(upstream));
}
inline std::string pair_name(const testing::TestParamInfo<ProtocolPair>& test) {
  return pair_name(std::get<0>(test.param), std::get<1>(test.param));
}

inline auto every_pair() {
  return testing::Combine(testing::ValuesIn(kEveryDownstream), testing::ValuesIn(kEveryUpstream));
}

}  // namespace trackly::test
