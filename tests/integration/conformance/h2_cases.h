#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/conformance/h2_client.h"

namespace trackly::test {

/// A connection whose requests go where the test wants them.
class H2CaseClient : public H2Client {
 public:
  H2CaseClient(std::unique_ptr<Wire> wire, Fields get)
      : H2Client(std::move(wire)), get_(std::move(get)) {}

  /// A complete list of fields, with `more` at its end.
  Fields get(const Fields& more = {}) const { return request("GET", more); }
  Fields post(const Fields& more = {}) const { return request("POST", more); }
  Fields request(std::string_view method, const Fields& more = {}) const;

  // Requests on that stream.
  std::string get_frame(std::int32_t id, const Fields& more = {}) {
    return frames.headers(id, get(more), true);
  }
  std::string open_post(std::int32_t id, const Fields& more = {}) {
    return frames.headers(id, post(more), false);
  }

 private:
  Fields get_;
};

/// One thing that a client may do, and what the gateway has to do about it. `section` and `title`
/// are those of h2spec, where the case is one of its.
struct H2Case {
  std::string_view section;
  std::string_view title;
  std::function<testing::AssertionResult(H2CaseClient&)> run;
  /// The case begins with a preface of its own.
  bool without_handshake = false;
};

inline void PrintTo(const H2Case& the_case, std::ostream* out) { *out << the_case.title; }

// In the order of h2spec.
std::vector<H2Case> generic_h2_cases();
std::vector<H2Case> http2_frame_cases();       // sections 3 and 4
std::vector<H2Case> http2_stream_cases();      // section 5
std::vector<H2Case> http2_frame_type_cases();  // sections 6 and 7
std::vector<H2Case> http2_message_cases();     // section 8
std::vector<H2Case> hpack_cases();

inline constexpr std::uint8_t kEndStream = NGHTTP2_FLAG_END_STREAM;
inline constexpr std::uint8_t kEndHeaders = NGHTTP2_FLAG_END_HEADERS;
inline constexpr std::uint8_t kPadded = NGHTTP2_FLAG_PADDED;
inline constexpr std::uint8_t kWithPriority = NGHTTP2_FLAG_PRIORITY;

inline constexpr std::uint32_t kProtocolError = NGHTTP2_PROTOCOL_ERROR;
inline constexpr std::uint32_t kFlowControlError = NGHTTP2_FLOW_CONTROL_ERROR;
inline constexpr std::uint32_t kStreamClosed = NGHTTP2_STREAM_CLOSED;
inline constexpr std::uint32_t kFrameSizeError = NGHTTP2_FRAME_SIZE_ERROR;
inline constexpr std::uint32_t kRefusedStream = NGHTTP2_REFUSED_STREAM;
inline constexpr std::uint32_t kCancel = NGHTTP2_CANCEL;
inline constexpr std::uint32_t kCompressionError = NGHTTP2_COMPRESSION_ERROR;

/// The largest frame that the gateway takes: the default of SETTINGS_MAX_FRAME_SIZE.
inline constexpr std::size_t kMaxFrame = 16384;
/// What the gateway's SETTINGS_MAX_CONCURRENT_STREAMS say.
inline constexpr std::int32_t kMaxStreams = 128;

}  // namespace trackly::test
