#include "gateway/proxy/codec_connection.h"

#include <utility>

namespace trackly::proxy {
namespace {

// What one connection may produce before the others get their turn.
constexpr std::size_t kProduceBudget = 64 * 1024;
constexpr int kWritesPerTurn = 4;
// Received bytes that the codec does not want yet (pipelined requests, a body whose window is used
// up). Reading on that far lets us see a client that goes away while it waits for its answer.
constexpr std::size_t kMaxUnread = 16 * 1024;
// An idle connection keeps no buffer that a large message once needed.
constexpr std::size_t kKeptBuffer = 4 * 1024;

}  // namespace

CodecConnection::CodecConnection(Loop& loop, Duration write_timeout)
    : loop_(loop),
      write_timeout_(write_timeout),
      write_deadline_(loop.timer([this] { on_write_timeout(); })),
      next_turn_(loop.timer([this] { flush(); })) {}

CodecConnection::~CodecConnection() = default;

void CodecConnection::schedule_flush() {
  if (flush_posted_ || closed_) return;
  flush_posted_ = true;
  // Safe without a guard: objects die after the tasks of their last turn.
  loop_.post([this] {
    flush_posted_ = false;
    flush();
  });
}

void CodecConnection::feed(std::string_view bytes) {
  if (has_unread()) {
    unread_.append(bytes);
    feed_unread();
    return;
  }
  if (fault_) return;
  const Result<std::size_t> taken = codec_->receive(bytes);
  if (taken) {
    unread_.append(bytes.substr(*taken));
  } else {
    fault_ = true;
  }
}

void CodecConnection::feed_unread() {
  while (!closed_ && !fault_ && has_unread() && codec_->wants_input()) {
    const Result<std::size_t> taken =
        codec_->receive(std::string_view(unread_).substr(unread_start_));
    if (!taken) {
      fault_ = true;
    } else if (*taken == 0) {
      break;
    } else {
      unread_start_ += *taken;
    }
  }
  if (fault_ || !has_unread()) {
    unread_ = std::string();
    unread_start_ = 0;
  } else if (unread_start_ > kMaxUnread / 2) {
    unread_.erase(0, unread_start_);
    unread_start_ = 0;
  }
  if (eof_ && !eof_told_ && !closed_ && !has_unread()) {
    eof_told_ = true;
    if (!fault_) codec_->receive_eof();
  }
}

void CodecConnection::on_data(std::string_view bytes) {
  if (closed_) return;
  bytes_received_ += bytes.size();
  feed(bytes);
  schedule_flush();
}

void CodecConnection::on_eof() {
  if (closed_) return;
  // Nothing was asked, so there is nothing to finish.
  if (codec_ == nullptr) return close(/*abortive=*/false);
  eof_ = true;
  schedule_flush();
}

void CodecConnection::on_writable() {
  if (!closed_) flush();
}

void CodecConnection::on_error(net::TransportError) {
  if (!closed_) close(/*abortive=*/false);
}

void CodecConnection::flush() {
  if (closed_ || codec_ == nullptr) return;
  feed_unread();
  bool all_written = write_out();
  bool more = true;
  for (int i = 0; i < kWritesPerTurn && all_written && more && !closed_; ++i) {
    more = codec_->produce(out_, kProduceBudget);
    if (closed_) return;
    all_written = write_out();
    // An answer that is out may have made room for the next pipelined request.
    feed_unread();
  }
  if (closed_) return;
  if (all_written && more) next_turn_->arm(Duration::zero());
  update_reading();
  if (all_written && !more && (fault_ || codec_->finished())) {
    on_codec_finished();
  } else {
    on_flushed();
  }
}

bool CodecConnection::write_out() {
  if (written_ == out_.size()) {
    if (out_.capacity() > kKeptBuffer && out_.empty()) out_.shrink_to_fit();
    return true;
  }
  const std::size_t taken = transport_->write(std::string_view(out_).substr(written_));
  written_ += taken;
  bytes_written_ += taken;
  if (written_ == out_.size()) {
    out_.clear();
    written_ = 0;
    blocked_ = false;
    write_deadline_->disarm();
    return true;
  }
  if (taken > 0 || !blocked_) write_deadline_->arm(write_timeout_);
  blocked_ = true;
  return false;
}

void CodecConnection::update_reading() {
  // A peer that asks (HTTP/2 pings, settings) and does not read the answers is not read either.
  transport_->set_reading(!fault_ && unread_.size() - unread_start_ < kMaxUnread &&
                          out_.size() - written_ < 4 * kProduceBudget);
}

void CodecConnection::close(bool abortive) {
  if (closed_) return;
  closed_ = true;
  write_deadline_->disarm();
  next_turn_->disarm();
  if (abortive) transport_->abort();
  on_closed();
}

}  // namespace trackly::proxy
