#include "config/access_log_reader.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "config/address.h"
#include "config/setting_values.h"
#include "gateway/api/node_reader.h"
#include "gateway/observe/access_format.h"

namespace trackly::config {
namespace {

/// RFC 5424 section 6.1: what every receiver takes.
constexpr std::size_t kShortestMessage = 480;
/// What one datagram over IPv4 can carry.
constexpr std::size_t kLongestMessage = 65507;
constexpr std::size_t kLongestAppName = 48;

// By the numbers of RFC 5424 section 6.2.1, with the names of syslog(3) and rsyslog.
constexpr std::array<std::string_view, 24> kFacilities = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
constexpr std::array<std::string_view, 8> kSeverities = {"emerg",   "alert",  "crit", "err",
                                                         "warning", "notice", "info", "debug"};

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

class AccessLogReader {
 public:
  AccessLogReader(const std::filesystem::path& folder, Problems& problems)
      : folder_(folder), problems_(problems) {}

  AccessLogSettings read(const Node& node) {
    MappingReader reader(&node, problems_);
    read_path(reader);
    if (const Node* syslog = reader.take("syslog")) read_syslog(*syslog, reader.take("path"));
    read_format(reader);
    log_.sample_successes = reader.share("sample_successes", log_.sample_successes);
    log_.buffer_bytes = reader.bytes("buffer_bytes", log_.buffer_bytes, 64 << 10);
    reader.finish();
    return std::move(log_);
  }

 private:
  void problem(const Mark& mark, std::string_view text) { problems_.add(mark, text); }

  void read_path(MappingReader& reader) {
    log_.path = reader.string("path", log_.path);
    if (log_.path != "off") log_.path = resolved_path(folder_, log_.path);
  }

  void read_syslog(const Node& node, const Node* path) {
    if (path != nullptr) problem(path->mark, "path: the log goes to syslog already");
    MappingReader reader(&node, problems_);
    SyslogSettings syslog;
    if (const Node* address = reader.take("address")) {
      const auto fault = read_syslog_address(reader.string("address", "unix:/dev/log"), syslog);
      if (fault) problem(address->mark, "address: " + fault->text);
    }
    syslog.facility = word(reader, "facility", kFacilities, syslog.facility);
    syslog.severity = word(reader, "severity", kSeverities, syslog.severity);
    read_app_name(reader, syslog.app_name);
    syslog.max_bytes = reader.bytes("max_bytes", syslog.max_bytes, kShortestMessage);
    if (syslog.max_bytes > kLongestMessage) {
      problem(reader.take("max_bytes")->mark,
              "max_bytes: a datagram holds at most " + std::to_string(kLongestMessage) + " bytes");
    }
    reader.finish();
    log_.syslog = std::move(syslog);
  }

  /// The number that a word stands for.
  template <std::size_t kCount>
  std::uint8_t word(MappingReader& reader, std::string_view key,
                    const std::array<std::string_view, kCount>& words, std::uint8_t fallback) {
    const Node* node = reader.take(key);
    if (node == nullptr) return fallback;
    const auto found = std::find(words.begin(), words.end(), node->text);
    if (node->is_string() && found != words.end()) {
      return static_cast<std::uint8_t>(found - words.begin());
    }
    problem(node->mark,
            std::string(key) + ": " + unknown_word(key, node->text, {words.begin(), words.end()}));
    return fallback;
  }

  void read_app_name(MappingReader& reader, std::string& name) {
    const Node* node = reader.take("app_name");
    if (node == nullptr) return;
    name = reader.string("app_name", name);
    if (name.empty() || name.size() > kLongestAppName || !is_visible_ascii(name)) {
      problem(node->mark, "app_name: expected at most " + std::to_string(kLongestAppName) +
                              " visible ASCII characters");
    }
  }

  void read_format(MappingReader& reader) {
    const Node* node = reader.take("format");
    if (node == nullptr) return;
    log_.format = reader.string("format", log_.format);
    const auto fault = observe::AccessFormat::check(log_.format);
    if (fault) problem(node->mark, "format: " + fault->text);
  }

  const std::filesystem::path& folder_;
  Problems& problems_;
  AccessLogSettings log_;
};

}  // namespace

AccessLogSettings read_access_log(const Node& node, const std::filesystem::path& folder,
                                  Problems& problems) {
  return AccessLogReader(folder, problems).read(node);
}

}  // namespace trackly::config
