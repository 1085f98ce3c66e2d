#include "gateway/http/h1_server.h"

#include <algorithm>
#include <utility>

#include "gateway/http/h1_head.h"

namespace trackly::http {

H1ServerCodec::H1ServerCodec(std::string_view scheme, const CodecLimits& limits,
                             CodecEvents& events)
    : scheme_(scheme), limits_(limits), events_(events) {}

// ------------------------------------------------------------------------------------- receiving

Result<std::size_t> H1ServerCodec::receive(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && wants_input()) {
    const std::string_view rest = bytes.substr(taken);
    switch (input_) {
      case Input::head:
        taken += read_head(rest);
        break;
      case Input::body:
        taken += read_body(rest);
        break;
      case Input::discarding:
        taken += discard(rest);
        break;
      case Input::waiting:
      case Input::shut:
        break;
    }
  }
  more_waits_ = taken < bytes.size();
  return taken;
}

bool H1ServerCodec::wants_input() const {
  switch (input_) {
    case Input::head:
      return true;
    case Input::body:
      return exchange_ == Exchange::open ? window_.room() > 0 : discarded_ < limits_.linger_bytes;
    case Input::discarding:
      return discarded_ < limits_.linger_bytes;
    case Input::waiting:
    case Input::shut:
      return false;
  }
  return false;
}

std::size_t H1ServerCodec::read_head(std::string_view bytes) {
  // One byte beyond the limit tells, so that what is wrong first does not depend on the pieces in
  // which it came.
  const std::size_t room = limits_.header_bytes + 1 - head_.text().size();
  const std::size_t taken = head_.read(bytes.substr(0, room));
  switch (head_.state()) {
    case SectionReader::State::partial:
      if (is_oversized_head(head_.text(), limits_)) begin_request(head_.text());
      break;
    case SectionReader::State::malformed:
      begin_request(head_.text(), HeadFault::malformed);
      break;
    case SectionReader::State::complete:
      begin_request(head_.text());
      break;
  }
  return taken;
}

void H1ServerCodec::expire_head() {
  if (head_pending()) begin_request(head_.text(), HeadFault::timeout);
}

void H1ServerCodec::begin_request(std::string_view text, std::optional<HeadFault> fault) {
  RequestHead request = parse_request_head(text, scheme_, limits_);
  head_.clear();
  // A line that is too long was so before whatever broke off the head behind it.
  const bool too_long = request.fault == HeadFault::uri_too_long;
  if (fault && !(too_long && fault == HeadFault::malformed)) request.fault = fault;

  exchange_ = Exchange::open;
  ++id_;
  window_.reset();
  discarded_ = 0;
  request_is_head_ = request.head.method == "HEAD";
  client_is_http10_ = request.head.protocol == Protocol::http10;
  client_closes_ = client_is_http10_ || request.framing.close;
  if (request.fault) {
    exchange_ = Exchange::refused;
    input_ = Input::discarding;
    client_closes_ = false;
    we_close_ = true;
    events_.on_bad_head(id_, std::move(request.head), *request.fault);
    return;
  }
  // What follows a CONNECT may be meant for a tunnel that there is not.
  if (request.head.method == "CONNECT") we_close_ = true;
  body_.begin(request.framing.body);
  const bool end = body_.state() == BodyReader::State::complete;
  input_ = end ? Input::waiting : Input::body;
  events_.on_head(id_, std::move(request.head), end);
}

std::size_t H1ServerCodec::read_body(std::string_view bytes) {
  const bool wanted = exchange_ == Exchange::open;
  const std::uint64_t room = wanted ? window_.room() : limits_.linger_bytes - discarded_;
  const std::size_t taken = body_.read(bytes.substr(0, room));
  if (!wanted) discarded_ += taken;
  deliver_body();
  if (input_ != Input::body) return taken;  // an event reset the exchange
  switch (body_.state()) {
    case BodyReader::State::open:
      break;
    case BodyReader::State::complete:
      on_request_complete();
      break;
    case BodyReader::State::malformed:
      input_ = Input::discarding;
      client_closes_ = false;
      refuse_bad_body();
      break;
  }
  return taken;
}

void H1ServerCodec::deliver_body() {
  for (const std::string_view piece : body_.pieces()) {
    if (exchange_ != Exchange::open) return;  // refused or reset by the event before
    window_.deliver(piece.size());
    events_.on_body(id_, piece);
  }
}

void H1ServerCodec::on_request_complete() {
  input_ = closing_ && exchange_ == Exchange::none ? Input::discarding : Input::waiting;
  if (exchange_ != Exchange::open) return;
  FieldList trailers = body_.take_trailers();
  if (!trailers.empty()) events_.on_trailers(id_, std::move(trailers));
  if (exchange_ == Exchange::open) events_.on_end(id_);
}

void H1ServerCodec::refuse_bad_body() {
  we_close_ = true;
  if (exchange_ != Exchange::open) return;
  exchange_ = Exchange::refused;
  events_.on_bad_body(id_);
}

std::size_t H1ServerCodec::discard(std::string_view bytes) {
  const std::size_t taken =
      std::min<std::uint64_t>(bytes.size(), limits_.linger_bytes - discarded_);
  discarded_ += taken;
  return taken;
}

void H1ServerCodec::receive_eof() {
  client_closes_ = true;
  const bool was_body = input_ == Input::body;
  input_ = exchange_ == Exchange::none ? Input::shut : Input::waiting;
  if (was_body) refuse_bad_body();
}

// --------------------------------------------------------------------------------------- sending

bool H1ServerCodec::accepts(StreamId id) const {
  return exchange_ != Exchange::none && id == id_ && !writer_.ended();
}

void H1ServerCodec::send_informational(StreamId id, const Head& head) {
  // RFC 9110 section 15.2: not to HTTP/1.0 clients.
  if (!accepts(id) || writer_.begun() || client_is_http10_) return;
  writer_.add_informational(write_response_head(head) + "\r\n");
}

void H1ServerCodec::send_head(StreamId id, const Head& head, bool end) {
  if (!accepts(id) || writer_.begun()) return;
  std::string text = write_response_head(head);
  BodyLength body;
  if (response_has_no_body(head.status, request_is_head_ ? "HEAD" : "")) {
    // A length here describes the body that there would have been (RFC 9110 section 8.6).
    if (head.content_length && head.status != 204) {
      text.append("Content-Length: ").append(std::to_string(*head.content_length)).append("\r\n");
    }
  } else if (head.content_length || end) {
    body = {BodyLength::Kind::known, head.content_length.value_or(0)};
  } else {
    body.kind = client_is_http10_ ? BodyLength::Kind::until_close : BodyLength::Kind::chunked;
  }
  writer_.begin(text, body);
  if (end) writer_.body({}, true);
  refuse_if_incomplete();
}

std::size_t H1ServerCodec::send_body(StreamId id, std::string_view bytes, bool end) {
  if (!accepts(id)) return bytes.size();
  const std::size_t taken = writer_.body(bytes, end);
  refuse_if_incomplete();
  return taken;
}

void H1ServerCodec::send_trailers(StreamId id, const FieldList& trailers) {
  if (!accepts(id)) return;
  writer_.trailers(trailers);
  refuse_if_incomplete();
}

void H1ServerCodec::refuse_if_incomplete() {
  if (writer_.ended() && input_ == Input::body && exchange_ == Exchange::open) {
    exchange_ = Exchange::refused;
  }
}

bool H1ServerCodec::must_close() const {
  const bool is_last = draining_ && (refuses_ || !more_waits_);
  return client_closes_ || we_close_ || is_last || input_ != Input::waiting;
}

bool H1ServerCodec::produce(std::string& out, std::size_t budget) {
  if (exchange_ == Exchange::none) return false;

  if (writer_.head_is_open()) {
    closing_ = must_close();
    writer_.close_head(closing_ ? "Connection: close\r\n" : "");
  }
  writer_.produce(out, budget);
  if (writer_.produced()) {
    on_answer_produced();
  } else if (writer_.failed()) {
    break_off();
    events_.on_reset(id_, {});
  } else if (writer_.take_room()) {
    events_.on_room(id_);
  }
  return writer_.has_output();
}

void H1ServerCodec::on_answer_produced() {
  writer_.clear();
  exchange_ = Exchange::none;
  if (!closing_) {
    input_ = Input::head;
  } else if (client_closes_ && input_ == Input::waiting) {
    shut();
  } else if (input_ == Input::waiting) {
    input_ = Input::discarding;
  }
  events_.on_done(id_);
}

void H1ServerCodec::credit(StreamId id, std::size_t bytes) {
  if (id == id_) window_.credit(bytes);
}

void H1ServerCodec::reset(StreamId id, ResetReason) {
  if (exchange_ != Exchange::none && id == id_) break_off();
}

void H1ServerCodec::break_off() {
  exchange_ = Exchange::none;
  shut();
}

void H1ServerCodec::shut() {
  writer_.clear();
  closing_ = true;
  input_ = Input::shut;
}

// --------------------------------------------------------------------------------------- closing

bool H1ServerCodec::finished() const {
  if (exchange_ != Exchange::none) return false;
  if (closing_ || input_ == Input::shut) return true;
  return refuses_ && input_ == Input::head && head_.empty();
}

bool H1ServerCodec::lingering() const {
  const bool discards = input_ == Input::discarding || input_ == Input::body;
  return discards && exchange_ != Exchange::open && discarded_ < limits_.linger_bytes;
}

void H1ServerCodec::drain(DrainPhase phase) {
  draining_ = true;
  refuses_ |= phase == DrainPhase::refuse;
}

}  // namespace trackly::http
