#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/api/loop.h"

namespace trackly::observe {

/// Name and value; in one family the names are always the same ones.
using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

/// Writes Prometheus' text format, version 0.0.4: a family is named once, then come all of its
/// samples.
class MetricsText {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  // Begin a family. `name` without the prefix "trackly_gateway_", that all have; a counter's ends
  // with "_total", and names end with their unit.
  void counter(std::string_view name, std::string_view help);
  void gauge(std::string_view name, std::string_view help);
  void histogram(std::string_view name, std::string_view help);

  // A sample of the family that was begun last.
  void sample(Labels labels, std::uint64_t value);
  void sample(std::uint64_t value) { sample({}, value); }
  void sample_seconds(Labels labels, Duration value);
  /// `counts` has one number for each of `bounds`, of what was no greater than it and greater than
  /// the one before, and one for what was greater than all.
  void sample_histogram(Labels labels, std::span<const Duration> bounds,
                        std::span<const std::uint64_t> counts, Duration sum);

  const std::string& text() const { return text_; }

 private:
  void begin(std::string_view name, std::string_view type, std::string_view help);
  void line(std::string_view suffix, Labels labels, const Label* last, std::string_view value);

  std::string text_;
  std::string family_;  // its whole name
};

}  // namespace trackly::observe
