#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/fields.h"

namespace trackly::proxy {

/// Where a body goes: one message of a codec.
class BodySink {
 public:
  BodySink() = default;
  BodySink(const BodySink&) = delete;
  BodySink& operator=(const BodySink&) = delete;
  virtual ~BodySink() = default;
  /// As Codec::send_body.
  virtual std::size_t send_body(std::string_view bytes, bool end) = 0;
  virtual void send_trailers(const FieldList& trailers) = 0;
};

/// Where a body comes from; it may send as many further bytes as it is credited for.
class BodySource {
 public:
  BodySource() = default;
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;
  virtual ~BodySource() = default;
  virtual void credit(std::size_t bytes) = 0;
};

/// One direction of a streamed body. Holds what the sink did not take yet, which the source's
/// window bounds, and credits the source for what it took: that is all there is to back-pressure.
class BodyPipe {
 public:
  /// Both outlive their use here. A null source is credited nothing (the bytes are ours).
  void connect(BodySource* source, BodySink* sink);
  bool connected() const { return sink_ != nullptr; }

  /// From the source. Requires: not ended.
  void push(std::string_view bytes);
  void end(std::optional<FieldList> trailers);
  /// From the sink: it has room.
  void pump();

  /// What is held, out of the pipe; crediting the source for what is owed() is up to the caller.
  std::string take();
  /// Before anything else that is pushed. The source has been credited for the first `credited`
  /// bytes already. Requires: nothing is held.
  void put_back(std::string bytes, std::size_t credited);
  /// Bytes held that the source was not credited for.
  std::size_t owed() const { return held().size() - credited_; }
  /// The source is gone; what it sent still goes through.
  void forget_source() { source_ = nullptr; }
  /// Nothing goes through any more (either side is gone); what is held is credited.
  void close();

  bool ended() const { return source_ended_; }
  /// Everything, the end included, is with the sink.
  bool drained() const { return sink_ended_; }
  /// The sink is the one that everybody waits for.
  bool blocked() const { return !held().empty(); }
  /// Body bytes that the sink took.
  std::uint64_t passed() const { return passed_; }
  /// Bytes of memory that the held ones take.
  std::size_t memory() const { return buffer_.capacity(); }

 private:
  std::string_view held() const { return std::string_view(buffer_).substr(start_); }
  void finish();
  void credit(std::size_t bytes);

  BodySource* source_ = nullptr;
  BodySink* sink_ = nullptr;
  std::string buffer_;
  std::size_t start_ = 0;
  std::size_t credited_ = 0;  // of the held bytes, the first ones
  std::optional<FieldList> trailers_;
  std::uint64_t passed_ = 0;
  bool source_ended_ = false;
  bool sink_ended_ = false;
};

}  // namespace trackly::proxy
