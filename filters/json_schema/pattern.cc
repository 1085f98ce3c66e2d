#include "filters/json_schema/pattern.h"

#include <re2/re2.h>

#include <utility>

#include "filters/json_schema/ecma_regex.h"

namespace trackly::json_schema {

Result<Pattern> Pattern::compile(std::string_view ecma) {
  auto translated = to_re2(ecma);
  if (!translated) return Fault{"not supported: " + translated.error().text};
  RE2::Options options;
  options.set_log_errors(false);
  auto expression = std::make_unique<RE2>(*translated, options);
  if (!expression->ok()) return Fault{expression->error()};
  return Pattern(std::move(expression), RunPattern::compile(ecma));
}

Pattern::Pattern(std::unique_ptr<re2::RE2> expression, std::optional<RunPattern> runs)
    : expression_(std::move(expression)), runs_(std::move(runs)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

bool Pattern::matches_by_engine(std::string_view text) const {
  return expression_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                            RE2::UNANCHORED, nullptr, 0);
}

std::optional<Pattern::Match> Pattern::find(std::string_view text, std::size_t from) const {
  re2::StringPiece parts[2];
  const int count = expression_->NumberOfCapturingGroups() > 0 ? 2 : 1;
  if (!expression_->Match(re2::StringPiece(text.data(), text.size()), from, text.size(),
                          RE2::UNANCHORED, parts, count)) {
    return std::nullopt;
  }
  return Match{{parts[0].data(), parts[0].size()}, {parts[1].data(), parts[1].size()}};
}

}  // namespace trackly::json_schema
