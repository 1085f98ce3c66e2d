#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/http/codec.h"
#include "gateway/http/h1_body.h"
#include "gateway/http/h1_section.h"
#include "gateway/http/h1_writer.h"
#include "gateway/http/receive_window.h"

namespace trackly::http {

/// HTTP/1.1 towards the service: one exchange at a time, no pipelining.
///
///   input:  idle ──open()──► head ──► body ──► complete ──► idle   (the connection is reused)
///                             └────────┴──────────┴──────► shut
///
/// A response that comes where none is awaited would be taken for the answer to the next request,
/// so it is a Fault, and so is a byte behind a complete response.
class H1ClientCodec final : public Codec {
 public:
  H1ClientCodec(const CodecLimits& limits, CodecEvents& events);

  Result<std::size_t> receive(std::string_view bytes) override;
  void receive_eof() override;
  bool wants_input() const override;
  bool produce(std::string& out, std::size_t budget) override;
  bool finished() const override { return input_ == Input::shut; }
  bool lingering() const override { return false; }
  StreamId open() override;
  std::size_t available_streams() const override;
  std::size_t active_streams() const override { return is_open_ ? 1 : 0; }
  void send_informational(StreamId, const Head&) override {}
  void send_head(StreamId id, const Head& head, bool end) override;
  std::size_t send_body(StreamId id, std::string_view bytes, bool end) override;
  void send_trailers(StreamId id, const FieldList& trailers) override;
  void credit(StreamId id, std::size_t bytes) override;
  void reset(StreamId id, ResetReason reason) override;
  bool head_pending() const override { return false; }
  void expire_head() override {}
  void end_linger() override {}
  void drain(DrainPhase) override { draining_ = true; }

 private:
  enum class Input : std::uint8_t { idle, head, body, complete, shut };

  std::size_t read_head(std::string_view bytes);
  // `more`: bytes follow what was read.
  void begin_response(std::string_view text, bool more);
  std::size_t read_body(std::string_view bytes);
  void on_body_complete(bool more);
  void on_response_end();

  bool accepts(StreamId id) const;
  void finish_exchange();
  void fail(std::string_view fault);
  void break_off(PeerReset reset);
  void shut();
  void say_closing();

  const CodecLimits limits_;
  CodecEvents& events_;

  Input input_ = Input::idle;
  SectionReader head_{SectionReader::Kind::head};
  BodyReader body_{limits_};
  ReceiveWindow window_{limits_.initial_window, limits_.open_window};

  StreamId id_ = 0;
  bool is_open_ = false;
  H1Writer writer_{limits_.send_buffer};
  std::string request_method_;
  bool unwritable_ = false;  // the request's head cannot be written
  bool sent_ = false;        // some of the request was produced
  bool draining_ = false;    // the next exchange is the last one
  bool closing_ = false;     // no further exchange on this connection
  std::string_view fault_;   // why receive() cannot go on; a literal
};

}  // namespace trackly::http
