#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/gateway.h"

namespace trackly::test {

/// For GatewayConfig::more: an admin listener on a port of the system's choice.
inline constexpr std::string_view kAdmin = "admin: {address: '127.0.0.1:0'}\n";

/// Of such a gateway.
std::uint16_t admin_port(Process& gateway);
inline std::uint16_t admin_port(Gateway& gateway) { return admin_port(gateway.process()); }

/// What /metrics said at one moment. Names are without "trackly_gateway_".
class MetricsPage {
 public:
  /// Throws std::runtime_error where it breaks a rule of the text format: a family that is not
  /// declared exactly once before its samples, a series that stands twice, a line that is neither.
  explicit MetricsPage(const std::string& text);

  using Series = std::map<std::string, double, std::less<>>;
  /// By name with labels as they stand there: `workers`, `circuit_open{upstream="default"}`.
  const Series& series() const { return series_; }
  /// -1 where there is none.
  double operator[](std::string_view series) const;
  /// The series of one family, the zeros left out, by their labels alone.
  Series of(std::string_view family) const;
  double sum_of(std::string_view family) const;

 private:
  Series series_;
};

/// Throws where it does not come.
MetricsPage scrape(std::uint16_t admin_port);

}  // namespace trackly::test
