#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/fields.h"
#include "gateway/http/framing.h"
#include "gateway/http/send_buffer.h"

namespace trackly::http {

/// Writes one message: its head, its body in the framing that the head announces, its trailers.
/// What it was given waits here until produce() moves it out; a body that contradicts its announced
/// length is never written (the peer would read the difference as another message).
class H1Writer {
 public:
  explicit H1Writer(std::size_t buffer_bytes) : body_(buffer_bytes) {}

  /// Complete lines that go out before the head (1xx responses).
  void add_informational(std::string_view text) { lines_.append(text); }

  /// `head` without its empty line; `body` says how a body is framed, Kind::none that none is
  /// written whatever body() gets.
  void begin(std::string_view head, BodyLength body);
  bool begun() const { return begun_; }
  /// The head has begun and nothing of it was produced: connection fields may be added.
  bool head_is_open() const { return begun_ && !head_closed_; }
  void close_head(std::string_view connection_fields);

  /// Returns how many bytes it took; `end` counts when it took all.
  std::size_t body(std::string_view bytes, bool end);
  void trailers(const FieldList& fields);
  /// The whole message was handed over, or produced.
  bool ended() const { return ended_; }
  bool produced() const { return produced_; }
  /// The body did not fit its announced length: the connection cannot be used further.
  bool failed() const { return failed_; }

  /// Requires: the head is not open. Appends about `budget` bytes to `out`.
  void produce(std::string& out, std::size_t budget);
  bool has_output() const;
  /// True, once, when body() would take bytes again after it took less than it was given.
  bool take_room() { return !ended_ && body_.take_room(); }

  void clear();

 private:
  void end();
  void produce_body(std::string& out, std::size_t budget);

  std::string lines_;  // what precedes the body
  SendBuffer body_;
  std::string trailers_;
  BodyLength length_;  // of a known length, what may still be given
  bool begun_ = false;
  bool head_closed_ = false;
  bool ended_ = false;
  bool produced_ = false;
  bool failed_ = false;
};

}  // namespace trackly::http
