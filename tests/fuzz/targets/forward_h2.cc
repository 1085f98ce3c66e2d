// What a client sends over HTTP/2 (frames as in h2_frames.h), and what of it reaches a service that
// speaks HTTP/1.1: nothing in a field, a path or an authority becomes a line or a message there.

#include <cstdint>
#include <string>

#include "tests/fuzz/support/forwarding.h"
#include "tests/fuzz/support/h2_frames.h"

namespace trackly::fuzz {
namespace {

http::CodecLimits small_limits() {
  http::CodecLimits limits;
  limits.header_bytes = 1024;
  limits.header_count = 16;
  limits.uri_bytes = 256;
  limits.max_streams = 8;
  limits.initial_window = 4096;
  limits.open_window = 8192;
  return limits;
}

void run(Input input) {
  Input decisions = input.tail(4);
  const std::string bytes = h2_conversation(input, http::Side::client);
  const bool later = decisions.flag();
  Cuts cuts(decisions);

  Forwarding gateway(Version::http2, small_limits(), later);
  gateway.receive(bytes, cuts);
  gateway.end();
  for (const Forwarding::Forwarded* forwarded : gateway.requests()) require_faithful(*forwarded);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
