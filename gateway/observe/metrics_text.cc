#include "gateway/observe/metrics_text.h"

#include <array>
#include <cassert>

namespace trackly::observe {
namespace {

constexpr std::string_view kPrefix = "trackly_gateway_";
constexpr std::int64_t kNanoseconds = 1'000'000'000;

/// Nanoseconds as seconds, exactly: "0.0025", "30". A double would be shorter to write and round.
std::string seconds(Duration duration) {
  const std::int64_t ns = std::chrono::nanoseconds(duration).count();
  std::string text = std::to_string(ns / kNanoseconds);
  std::int64_t rest = ns % kNanoseconds;
  if (rest == 0) return text;
  text += '.';
  for (std::int64_t digit = kNanoseconds / 10; rest != 0; digit /= 10) {
    text += static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
  return text;
}

void append_escaped(std::string& out, std::string_view value, bool quotes_too) {
  for (const char c : value) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes_too) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

}  // namespace

void MetricsText::counter(std::string_view name, std::string_view help) {
  assert(name.ends_with("_total"));
  begin(name, "counter", help);
}

void MetricsText::gauge(std::string_view name, std::string_view help) {
  begin(name, "gauge", help);
}

void MetricsText::histogram(std::string_view name, std::string_view help) {
  begin(name, "histogram", help);
}

void MetricsText::begin(std::string_view name, std::string_view type, std::string_view help) {
  family_.assign(kPrefix).append(name);
  text_.append("# HELP ").append(family_) += ' ';
  append_escaped(text_, help, false);
  text_.append("\n# TYPE ").append(family_).append(" ").append(type) += '\n';
}

void MetricsText::sample(Labels labels, std::uint64_t value) {
  line("", labels, nullptr, std::to_string(value));
}

void MetricsText::sample_seconds(Labels labels, Duration value) {
  line("", labels, nullptr, seconds(value));
}

void MetricsText::sample_histogram(Labels labels, std::span<const Duration> bounds,
                                   std::span<const std::uint64_t> counts, Duration sum) {
  assert(counts.size() == bounds.size() + 1);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    count += counts[i];
    const std::string bound = i < bounds.size() ? seconds(bounds[i]) : "+Inf";
    const Label le{"le", bound};
    line("_bucket", labels, &le, std::to_string(count));
  }
  line("_sum", labels, nullptr, seconds(sum));
  line("_count", labels, nullptr, std::to_string(count));
}

void MetricsText::line(std::string_view suffix, Labels labels, const Label* last,
                       std::string_view value) {
  text_.append(family_).append(suffix);
  char separator = '{';
  const auto add = [&](const Label& label) {
    text_ += separator;
    text_.append(label.first).append("=\"");
    append_escaped(text_, label.second, true);
    text_ += '"';
    separator = ',';
  };
  for (const Label& label : labels) add(label);
  if (last != nullptr) add(*last);
  if (separator == ',') text_ += '}';
  text_ += ' ';
  text_.append(value) += '\n';
}

}  // namespace trackly::observe
