#include "gateway/observe/syslog_message.h"

#include <algorithm>

#include "gateway/observe/json_line.h"

namespace trackly::observe {
namespace {

constexpr std::size_t kLongestHostName = 255;
constexpr std::size_t kLongestAppName = 48;
constexpr std::string_view kMessageId = "access";

/// A header field: visible ASCII, no longer than allowed, "-" where nothing is left.
std::string header_field(std::string_view text, std::size_t longest) {
  std::string field;
  std::copy_if(text.begin(), text.end(), std::back_inserter(field),
               [](char c) { return c > ' ' && c < '\x7F'; });
  if (field.size() > longest) field.resize(longest);
  return field.empty() ? "-" : field;
}

/// The end of a text that is cut at `size`, without half a character of UTF-8.
std::size_t cut_before_character(std::string_view text, std::size_t size) {
  const auto is_continuation = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
  };
  while (size > 0 && size < text.size() && is_continuation(text[size])) --size;
  return size;
}

}  // namespace

SyslogMessage::SyslogMessage(const SyslogSettings& settings, std::string_view host_name,
                             long process_id)
    : priority_and_version_("<" + std::to_string(settings.facility * 8 + settings.severity) +
                            ">1 "),
      names_(" " + header_field(host_name, kLongestHostName) + " " +
             header_field(settings.app_name, kLongestAppName) + " " + std::to_string(process_id) +
             " " + std::string(kMessageId) + " - "),
      max_bytes_(settings.max_bytes) {}

std::string_view SyslogMessage::of(std::string_view line, WallTime now) {
  message_ = priority_and_version_;
  append_time(message_, now);
  message_.append(names_).append(line);
  if (message_.size() > max_bytes_) message_.resize(cut_before_character(message_, max_bytes_));
  return message_;
}

}  // namespace trackly::observe
