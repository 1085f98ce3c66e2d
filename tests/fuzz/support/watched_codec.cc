#include "tests/fuzz/support/watched_codec.h"

#include <algorithm>
#include <utility>

#include "tests/fuzz/support/require.h"
#include "tests/fuzz/support/strict_http.h"

namespace trackly::fuzz {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) || c == ' '; });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

/// Fields that belong to one connection, or say where a message ends.
bool is_framing(std::string_view name) {
  for (const char* one : {"connection", "content-length", "keep-alive", "proxy-connection",
                          "transfer-encoding", "upgrade", "http2-settings"}) {
    if (lower(name) == one) return true;
  }
  return false;
}

std::string text_of(const FieldList& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    text.append(" ").append(name).append("=").append(value);
  }
  return text;
}

std::unique_ptr<http::Codec> make(Version version, http::Side side, const http::CodecLimits& limits,
                                  http::CodecEvents& events) {
  return version == Version::http1 ? http::make_h1_codec(side, "http", limits, events)
                                   : http::make_h2_codec(side, "http", limits, events);
}

}  // namespace

WatchedCodec::WatchedCodec(Version version, http::Side side, const http::CodecLimits& limits,
                           http::CodecEvents& events)
    : version_(version),
      side_(side),
      limits_(limits),
      events_(events),
      codec_(make(version, side, limits, *this)) {}

std::map<http::StreamId, std::string> WatchedCodec::story() const {
  std::map<http::StreamId, std::string> all;
  for (const auto& [id, exchange] : exchanges_) {
    all[id] = exchange.story;
    // How much is delivered of a body that breaks off in the end, nobody promises.
    if (!exchange.remote_ended && version_ == Version::http2) continue;
    all[id] += " body " + std::to_string(exchange.body_bytes) + " bytes, hash " +
               std::to_string(exchange.body_hash);
  }
  return all;
}

void WatchedCodec::require_same_story(const WatchedCodec& other) const {
  const auto mine = story();
  const auto theirs = other.story();
  for (const auto& [id, text] : mine) {
    const auto found = theirs.find(id);
    require(found != theirs.end() && found->second == text,
            "cuts mean nothing: exchange " + std::to_string(id) + " is <" + text + "> and <" +
                (found == theirs.end() ? "not there" : found->second) + ">");
  }
  for (const auto& [id, text] : theirs) {
    require(mine.count(id) != 0, "cuts mean nothing: <" + text + "> is there or not");
  }
}

std::size_t WatchedCodec::open_exchanges() const {
  return static_cast<std::size_t>(std::count_if(exchanges_.begin(), exchanges_.end(),
                                                [](const auto& one) { return !one.second.over; }));
}

void WatchedCodec::require_all_ended() const {
  for (const auto& [id, exchange] : exchanges_) {
    require(exchange.over, "exchange " + std::to_string(id) + " ends: " + exchange.story);
  }
}

// --------------------------------------------------------------------------------------- commands

Result<std::size_t> WatchedCodec::receive(std::string_view bytes) {
  require(!std::exchange(inside_, true), "the codec is not entered twice");
  // What it keeps beyond the call must be a copy.
  const std::string copy(bytes);
  const auto taken = codec_->receive(copy);
  inside_ = false;
  require(!taken || *taken <= bytes.size(), "no more is taken than there is");
  require(!taken || version_ == Version::http1 || *taken == bytes.size(),
          "HTTP/2 takes everything");
  return taken;
}

void WatchedCodec::receive_eof() {
  require(!std::exchange(inside_, true), "the codec is not entered twice");
  codec_->receive_eof();
  inside_ = false;
}

bool WatchedCodec::produce(std::string& out, std::size_t budget) {
  require(!std::exchange(inside_, true), "the codec is not entered twice");
  const bool more = codec_->produce(out, budget);
  inside_ = false;
  return more;
}

http::StreamId WatchedCodec::open() {
  const std::size_t available = codec_->available_streams();
  const http::StreamId id = codec_->open();
  require((id != 0) == (available > 0), "an exchange opens where one is available");
  if (id != 0) begin(id);
  return id;
}

void WatchedCodec::send_head(http::StreamId id, const Head& head, bool end) {
  const auto found = exchanges_.find(id);
  if (found != exchanges_.end() && side_ == http::Side::client) {
    found->second.is_head_request = head.method == "HEAD";
  }
  if (end) note_local_end(id);
  codec_->send_head(id, head, end);
}

std::size_t WatchedCodec::send_body(http::StreamId id, std::string_view bytes, bool end) {
  const std::string copy(bytes);
  const std::size_t taken = codec_->send_body(id, copy, end);
  require(taken <= bytes.size(), "no more is taken than there is");
  if (end && taken == bytes.size()) note_local_end(id);
  return taken;
}

void WatchedCodec::send_trailers(http::StreamId id, const FieldList& trailers) {
  note_local_end(id);
  codec_->send_trailers(id, trailers);
}

void WatchedCodec::credit(http::StreamId id, std::size_t bytes) {
  const auto found = exchanges_.find(id);
  if (found != exchanges_.end()) {
    Exchange& exchange = found->second;
    exchange.was_credited = true;
    exchange.outstanding -= std::min<std::uint64_t>(bytes, exchange.outstanding);
  }
  codec_->credit(id, bytes);
}

void WatchedCodec::reset(http::StreamId id, http::ResetReason reason) {
  const auto found = exchanges_.find(id);
  if (found != exchanges_.end() && !found->second.over) {
    found->second.over = true;
    found->second.story += " reset-by-us";
  }
  codec_->reset(id, reason);
}

void WatchedCodec::note_local_end(http::StreamId id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  Exchange& exchange = found->second;
  exchange.local_ended = true;
  if (side_ == http::Side::server && !exchange.remote_ended) exchange.refused = true;
}

// ----------------------------------------------------------------------------------------- events

WatchedCodec::Exchange& WatchedCodec::begin(http::StreamId id) {
  require(exchanges_.empty() || id > exchanges_.rbegin()->first, "identifiers grow");
  return exchanges_[id];
}

WatchedCodec::Exchange& WatchedCodec::living(http::StreamId id) {
  const auto found = exchanges_.find(id);
  require(found != exchanges_.end(), "an event names an exchange that there is");
  require(!found->second.over,
          "no event follows the last one of an exchange:" + found->second.story);
  return found->second;
}

void WatchedCodec::on_head(http::StreamId id, Head head, bool end) {
  Exchange& exchange = side_ == http::Side::server ? begin(id) : living(id);
  require(!exchange.has_head, "one head");
  require_fields(head.fields);
  exchange.has_head = true;
  exchange.remote_ended = end;
  exchange.story += " head " + head.method + " " + head.target + " " + head.authority + " " +
                    std::to_string(head.status) + text_of(head.fields) + (end ? " end" : "");
  bool has_body = true;
  if (side_ == http::Side::server) {
    require_request(head);
    exchange.is_head_request = head.method == "HEAD";
    require(!head.content_length || *head.content_length == 0 || !end,
            "a request with a length has a body");
  } else {
    require(head.status >= 200 && head.status <= 999, "a final status");
    has_body = !exchange.is_head_request && head.status != 204 && head.status != 304;
    require(has_body || end || version_ == Version::http2, "an answer without a body has ended");
  }
  exchange.length = has_body ? head.content_length : 0;
  require(!end || !exchange.length || *exchange.length == 0, "a body is as long as its head says");
  events_.on_head(id, std::move(head), end);
}

void WatchedCodec::require_request(const Head& head) const {
  require(is_token(head.method), "a method is a token");
  require(is_plain(head.target) && is_plain(head.authority),
          "no control byte or space in target and authority");
  if (head.method == "CONNECT") return;
  require(head.target.starts_with('/') || (head.target == "*" && head.method == "OPTIONS"),
          "a target is in origin form");
  require(head.target.size() <= limits_.uri_bytes, "a target is within its limit");
}

void WatchedCodec::require_fields(const FieldList& fields) const {
  std::size_t bytes = 0;
  for (const auto& [name, value] : fields) {
    require(is_token(name), "a name is a token");
    require(
        std::none_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; }),
        "no control byte in a value");
    require(!is_framing(name), "what frames a message is not among its fields");
    require(side_ == http::Side::client || lower(name) != "host",
            "a request has its authority once");
    bytes += name.size() + value.size();
  }
  require(bytes <= limits_.header_bytes && fields.size() <= limits_.header_count,
          "fields are within their limits");
}

void WatchedCodec::on_informational(http::StreamId id, Head head) {
  Exchange& exchange = living(id);
  require(side_ == http::Side::client && !exchange.has_head, "interim answers come first");
  require(head.status >= 100 && head.status < 200 && head.status != 101, "an interim status");
  require_fields(head.fields);
  exchange.story += " informational " + std::to_string(head.status);
  events_.on_informational(id, std::move(head));
}

void WatchedCodec::on_bad_head(http::StreamId id, Head head, http::HeadFault fault) {
  require(side_ == http::Side::server, "only a server gets bad heads");
  Exchange& exchange = begin(id);
  exchange.has_head = exchange.is_bad = true;
  exchange.is_head_request = head.method == "HEAD";
  exchange.story += " bad head " + std::to_string(static_cast<int>(fault));
  require(head.target.size() <= limits_.header_bytes, "what is kept of a target is bounded");
  events_.on_bad_head(id, std::move(head), fault);
}

void WatchedCodec::on_bad_body(http::StreamId id) {
  Exchange& exchange = living(id);
  require(side_ == http::Side::server && version_ == Version::http1, "only HTTP/1.1 servers tell");
  require(exchange.has_head && !exchange.is_bad && !exchange.remote_ended && !exchange.refused,
          "a body that is wanted turns bad");
  exchange.is_bad = true;
  exchange.story += " bad body";
  events_.on_bad_body(id);
}

void WatchedCodec::on_body(http::StreamId id, std::string_view bytes) {
  Exchange& exchange = living(id);
  require(exchange.has_head && !exchange.is_bad && !exchange.remote_ended && !exchange.has_trailers,
          "a body stands between head and end");
  require(!exchange.refused, "a refused body is not delivered");
  for (const char c : bytes) {
    exchange.body_hash = (exchange.body_hash ^ static_cast<std::uint8_t>(c)) * 1099511628211U;
  }
  exchange.body_bytes += bytes.size();
  exchange.outstanding += bytes.size();
  require(exchange.outstanding <= window(exchange), "no more is delivered than the window allows");
  require(!exchange.length || exchange.body_bytes <= *exchange.length,
          "a body is not longer than its head says");
  events_.on_body(id, bytes);
}

std::uint64_t WatchedCodec::window(const Exchange& exchange) const {
  const std::uint64_t size = exchange.was_credited
                                 ? std::max(limits_.initial_window, limits_.open_window)
                                 : limits_.initial_window;
  // A peer of HTTP/2 that has not acknowledged our settings may use the protocol's own default; the
  // frame that goes beyond a window, and ends the stream, is delivered by nghttp2 nevertheless.
  constexpr std::uint64_t kDefault = 65535;
  constexpr std::uint64_t kFrame = 16384;
  return version_ == Version::http2 ? std::max(size, kDefault) + kFrame : size;
}

void WatchedCodec::on_trailers(http::StreamId id, FieldList trailers) {
  Exchange& exchange = living(id);
  require(exchange.has_head && !exchange.is_bad && !exchange.remote_ended && !exchange.has_trailers,
          "trailers stand before the end, once");
  require(!exchange.refused, "refused trailers are not delivered");
  require(!trailers.empty(), "trailers are told of where there are any");
  require_fields(trailers);
  exchange.has_trailers = true;
  exchange.story += " trailers" + text_of(trailers);
  events_.on_trailers(id, std::move(trailers));
}

void WatchedCodec::on_end(http::StreamId id) {
  Exchange& exchange = living(id);
  require(exchange.has_head && !exchange.is_bad && !exchange.remote_ended && !exchange.refused,
          "one end");
  require(!exchange.length || exchange.body_bytes == *exchange.length,
          "a body is as long as its head says");
  exchange.remote_ended = true;
  exchange.story += " end";
  events_.on_end(id);
}

void WatchedCodec::on_room(http::StreamId id) {
  require(!living(id).local_ended, "there is room for what is not given yet");
  events_.on_room(id);
}

void WatchedCodec::on_reset(http::StreamId id, http::PeerReset reset) {
  Exchange& exchange = living(id);
  exchange.over = true;
  exchange.story += reset.malformed ? " reset malformed" : " reset";
  if (reset.not_processed) exchange.story += " not processed";
  require(!reset.not_processed || !exchange.has_head, "who answers has processed");
  events_.on_reset(id, reset);
}

void WatchedCodec::on_done(http::StreamId id) {
  Exchange& exchange = living(id);
  exchange.over = true;
  exchange.story += " done";
  if (side_ == http::Side::server) {
    // An answer to HEAD has no body to be given.
    require(exchange.local_ended || exchange.is_head_request,
            "an exchange is done when its answer was given:" + exchange.story);
  } else {
    require(exchange.has_head && exchange.remote_ended, "an exchange is done when its answer came");
  }
  events_.on_done(id);
}

void WatchedCodec::on_closing() {
  require(!std::exchange(closing_, true), "closing is told once");
  events_.on_closing();
}

}  // namespace trackly::fuzz
