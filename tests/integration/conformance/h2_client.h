#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/wire.h"
#include "tests/unit/http/h2_wire.h"

namespace trackly::test {

/// A client's end of an HTTP/2 connection to the gateway, frame by frame. What it says about the
/// gateway is what conformance suites accept: a broken connection is a GOAWAY with one of the codes
/// and then the end of the connection; a broken stream is RST_STREAM with one of them, or a broken
/// connection.
class H2Client {
 public:
  using Fields = H2Wire::Fields;
  using Frames = std::initializer_list<std::string>;
  using Codes = std::initializer_list<std::uint32_t>;

  /// Takes a connection on which nothing was sent yet.
  explicit H2Client(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}

  /// Preface and settings in both directions.
  void handshake();
  void send(std::string_view bytes) { wire_->send(bytes); }
  /// In one write. (A list, since field blocks must be made in the order in which they are sent,
  /// and the operands of "+" are not.)
  void send(Frames all);
  Wire& wire() { return *wire_; }

  // Frames that H2Wire has no name for.
  /// HEADERS, or CONTINUATION, with that field block.
  static std::string headers_frame(std::int32_t id, std::string_view block, std::uint8_t flags);
  static std::string continuation(std::int32_t id, std::string_view block, bool end_headers);
  static std::string priority(std::int32_t id, std::uint32_t depends_on, bool exclusive = false,
                              std::uint8_t weight = 255);
  /// What stands before the field block of a HEADERS frame with the PRIORITY flag.
  static std::string priority_fields(std::uint32_t depends_on, bool exclusive = false,
                                     std::uint8_t weight = 255);
  /// As this connection's HPACK encoder has it.
  std::string block(const Fields& fields);

  /// The first frame that begins with `part` (see H2Wire::read()), those before it left behind;
  /// empty where the connection ends or time is over before.
  std::string wait_for(std::string_view part, Milliseconds timeout = kPatience);
  /// Status of the final answer on that stream, and its head as a line; 0 where it is reset or the
  /// connection ends instead.
  int status_of(std::int32_t id, std::string* head = nullptr);

  /// A frame that begins with `part`; see H2Wire::read().
  testing::AssertionResult receives(std::string_view part);
  testing::AssertionResult acknowledges_ping();
  testing::AssertionResult answers(std::int32_t id);
  testing::AssertionResult breaks_connection(Codes codes);
  testing::AssertionResult breaks_stream(std::int32_t id, Codes codes);
  testing::AssertionResult closes_connection();

  H2Wire frames;

 private:
  /// The next frame as a line; empty at the end.
  std::string next(const Deadline& deadline);
  testing::AssertionResult failure(std::string_view expected) const;

  std::unique_ptr<Wire> wire_;
  std::vector<std::string> unread_;  // lines, the next one last
  std::string seen_;                 // for failures
};

}  // namespace trackly::test
