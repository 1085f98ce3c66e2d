// What a client sends over HTTP/1.1, and what of it reaches the service: the gateway's reading of
// its bytes, the bytes that it writes, and the reading of both by another parser agree.

#include <cstdint>

#include "tests/fuzz/support/forwarding.h"
#include "tests/fuzz/support/require.h"
#include "tests/fuzz/support/strict_http.h"

namespace trackly::fuzz {
namespace {

http::CodecLimits small_limits() {
  http::CodecLimits limits;
  limits.header_bytes = 1024;
  limits.header_count = 16;
  limits.uri_bytes = 256;
  limits.initial_window = 32;
  limits.open_window = 128;
  return limits;
}

/// Origin form as it stands; of an absolute form, what follows the authority.
bool is_same_target(const std::string& sent, const Head& head) {
  if (sent == head.target) return true;
  const std::string lower_sent = lower(sent);
  if (!lower_sent.starts_with("http://") && !lower_sent.starts_with("https://")) return false;
  const std::size_t authority = sent.find("://") + 3;
  const std::string rest = sent.substr(authority);
  if (!rest.starts_with(head.authority)) return false;
  const std::string path = rest.substr(head.authority.size());
  return path == head.target ||
         (path.empty() || path.front() == '?' ? "/" + path == head.target : false);
}

/// The gateway and the other reader see the same requests in the client's bytes, as far as the
/// gateway has read on.
void require_same_reading(const Forwarding& gateway, std::string_view bytes) {
  for (const Forwarding::Forwarded* forwarded : gateway.requests()) {
    StrictMessage sent = strict_request(bytes);
    // What the gateway answers itself is not among its requests.
    while (sent.state == StrictMessage::State::complete && sent.target == "*") {
      bytes.remove_prefix(sent.size);
      sent = strict_request(bytes);
    }
    require(sent.has_head, "what is accepted is a request to others: " + std::string(bytes));
    require(sent.method == forwarded->request.method, "the same method");
    require(is_same_target(sent.target, forwarded->request), "the same target: " + sent.target);
    if (!forwarded->complete) return;
    require(sent.state == StrictMessage::State::complete, "what is whole is whole to others");
    require(sent.body == forwarded->body, "the same body");
    require(sent.trailers.size() == forwarded->trailers.size(), "the same trailers");
    bytes.remove_prefix(sent.size);
  }
}

void run(Input input) {
  Input decisions = input.tail(4);
  const std::string_view bytes = input.rest();
  const bool later = decisions.flag();
  Cuts cuts(decisions);

  Forwarding gateway(Version::http1, small_limits(), later);
  gateway.receive(bytes, cuts);
  gateway.end();
  for (const Forwarding::Forwarded* forwarded : gateway.requests()) require_faithful(*forwarded);
  require_same_reading(gateway, bytes);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
