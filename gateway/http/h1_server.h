#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/codec.h"
#include "gateway/http/h1_body.h"
#include "gateway/http/h1_section.h"
#include "gateway/http/h1_writer.h"
#include "gateway/http/receive_window.h"

namespace trackly::http {

/// HTTP/1.x towards clients: one exchange at a time, pipelined requests wait unread.
///
///   input:  head ──► body ──► waiting ──► head            (keep-alive)
///             └────────┴─────────┴──► discarding ──► shut  (we close: see below)
///
/// An answer's last field lines are written when it is produced, not when it is given: by then the
/// rest of a refused request has often been read, and the connection can be kept.
///
/// Where it cannot be kept and the client did not ask for that, what still comes is discarded until
/// the client closes: closing at once would have the kernel answer its bytes with a reset, which
/// takes the answer with it (RFC 9112 section 9.6).
class H1ServerCodec final : public Codec {
 public:
  H1ServerCodec(std::string_view scheme, const CodecLimits& limits, CodecEvents& events);

  Result<std::size_t> receive(std::string_view bytes) override;
  void receive_eof() override;
  bool wants_input() const override;
  bool produce(std::string& out, std::size_t budget) override;
  bool finished() const override;
  bool lingering() const override;
  StreamId open() override { return 0; }
  std::size_t available_streams() const override { return 0; }
  std::size_t active_streams() const override { return exchange_ == Exchange::none ? 0 : 1; }
  void send_informational(StreamId id, const Head& head) override;
  void send_head(StreamId id, const Head& head, bool end) override;
  std::size_t send_body(StreamId id, std::string_view bytes, bool end) override;
  void send_trailers(StreamId id, const FieldList& trailers) override;
  void credit(StreamId id, std::size_t bytes) override;
  void reset(StreamId id, ResetReason reason) override;
  bool head_pending() const override { return input_ == Input::head && !head_.empty(); }
  void expire_head() override;
  void end_linger() override {}
  void drain(DrainPhase phase) override;

 private:
  enum class Input : std::uint8_t {
    head,
    body,
    waiting,     // the request is complete, its answer is not
    discarding,  // nothing that comes is a request any more
    shut,
  };
  enum class Exchange : std::uint8_t {
    none,
    open,
    refused,  // on_body() and on_end() come no more; the answer goes on
  };

  std::size_t read_head(std::string_view bytes);
  // `fault`: what is known to be wrong already.
  void begin_request(std::string_view text, std::optional<HeadFault> fault = std::nullopt);
  std::size_t read_body(std::string_view bytes);
  void deliver_body();
  void on_request_complete();
  void refuse_bad_body();
  std::size_t discard(std::string_view bytes);

  bool accepts(StreamId id) const;
  void refuse_if_incomplete();
  bool must_close() const;
  void on_answer_produced();
  void break_off();
  void shut();

  const std::string scheme_;
  const CodecLimits limits_;
  CodecEvents& events_;

  Input input_ = Input::head;
  SectionReader head_{SectionReader::Kind::head};
  BodyReader body_{limits_};
  ReceiveWindow window_{limits_.initial_window, limits_.open_window};
  std::uint64_t discarded_ = 0;

  Exchange exchange_ = Exchange::none;
  StreamId id_ = 0;
  H1Writer writer_{limits_.send_buffer};
  bool request_is_head_ = false;
  bool client_is_http10_ = false;
  bool client_closes_ = false;  // it asked for the connection to be closed, or ended its side
  bool we_close_ = false;       // the connection can take no further request
  bool closing_ = false;        // the answer says so, or will
  bool more_waits_ = false;     // bytes that came and were not taken yet: of the next request
  bool draining_ = false;       // the next answer is the last one, unless more waits
  bool refuses_ = false;        // and there need not be one
};

}  // namespace trackly::http
