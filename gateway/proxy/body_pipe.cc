#include "gateway/proxy/body_pipe.h"

#include <algorithm>
#include <utility>

namespace trackly::proxy {

void BodyPipe::connect(BodySource* source, BodySink* sink) {
  source_ = source;
  sink_ = sink;
  sink_ended_ = false;  // another sink has not seen the end
  pump();
}

void BodyPipe::push(std::string_view bytes) {
  std::size_t taken = 0;
  if (sink_ != nullptr && held().empty()) {
    taken = sink_->send_body(bytes, false);
    passed_ += taken;
    credit(taken);
  }
  buffer_.append(bytes.substr(taken));
}

void BodyPipe::end(std::optional<FieldList> trailers) {
  source_ended_ = true;
  trailers_ = std::move(trailers);
  pump();
}

void BodyPipe::pump() {
  if (sink_ == nullptr || sink_ended_) return;
  if (!held().empty()) {
    const bool last = source_ended_ && !trailers_;
    const std::string_view bytes = held();
    const std::size_t taken = sink_->send_body(bytes, last);
    passed_ += taken;
    sink_ended_ = last && taken == bytes.size();
    start_ += taken;
    if (held().empty()) {
      buffer_ = std::string();
      start_ = 0;
    } else if (start_ > buffer_.size() / 2) {
      // Where the source is always ahead of the sink, it never gets empty.
      buffer_.erase(0, start_);
      start_ = 0;
    }
    credit(taken);
  }
  if (source_ended_ && !sink_ended_ && held().empty()) finish();
}

void BodyPipe::credit(std::size_t bytes) {
  const std::size_t already = std::min(bytes, credited_);
  credited_ -= already;
  if (bytes > already && source_ != nullptr) source_->credit(bytes - already);
}

void BodyPipe::finish() {
  sink_ended_ = true;
  if (trailers_) {
    sink_->send_trailers(*trailers_);
  } else {
    sink_->send_body({}, true);
  }
}

std::string BodyPipe::take() {
  std::string bytes = std::move(buffer_).substr(start_);
  buffer_ = std::string();
  start_ = 0;
  credited_ = 0;
  return bytes;
}

void BodyPipe::put_back(std::string bytes, std::size_t credited) {
  buffer_ = std::move(bytes);
  credited_ = credited;
}

void BodyPipe::close() {
  const std::size_t left = owed();
  buffer_ = std::string();
  start_ = 0;
  credited_ = 0;
  sink_ = nullptr;
  BodySource* source = std::exchange(source_, nullptr);
  if (source != nullptr && left > 0) source->credit(left);
}

}  // namespace trackly::proxy
