#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/http/codec.h"

namespace trackly::test {

/// Writes down what a codec reports, one line an event, adjoining pieces of a body as one; and does
/// what a test wants done from inside an event.
class CodecRecorder final : public http::CodecEvents {
 public:
  using Lines = std::vector<std::string>;

  /// What happened since the last call.
  Lines take() { return std::exchange(lines_, {}); }
  /// The last head of an exchange, and all bytes of its body.
  const Head& head(http::StreamId id) { return heads_[id]; }
  const std::string& body(http::StreamId id) { return bodies_[id]; }

  std::function<void(http::StreamId)> when_head;
  std::function<void(http::StreamId, std::string_view)> when_body;
  std::function<void(http::StreamId)> when_end;
  std::function<void(http::StreamId)> when_room;
  std::function<void(http::StreamId)> when_bad;

  void on_head(http::StreamId id, Head head, bool end) override {
    std::string line = "head " + std::to_string(id) + " ";
    line += head.status != 0 ? std::to_string(head.status) : head.method + " " + head.target;
    add(line + (end ? " end" : ""));
    heads_[id] = std::move(head);
    if (when_head) when_head(id);
  }
  void on_informational(http::StreamId id, Head head) override {
    add("informational " + std::to_string(id) + " " + std::to_string(head.status));
  }
  void on_bad_head(http::StreamId id, Head head, http::HeadFault fault) override {
    static constexpr const char* kFaults[] = {"malformed", "uri_too_long", "head_too_large",
                                              "timeout"};
    add("bad head " + std::to_string(id) + " " + kFaults[static_cast<int>(fault)]);
    heads_[id] = std::move(head);
    if (when_bad) when_bad(id);
  }
  void on_bad_body(http::StreamId id) override {
    add("bad body " + std::to_string(id));
    if (when_bad) when_bad(id);
  }
  void on_body(http::StreamId id, std::string_view bytes) override {
    const std::string prefix = "body " + std::to_string(id) + " ";
    if (!lines_.empty() && lines_.back().starts_with(prefix)) {
      lines_.back().append(bytes);
    } else {
      add(prefix + std::string(bytes));
    }
    bodies_[id].append(bytes);
    if (when_body) when_body(id, bytes);
  }
  void on_trailers(http::StreamId id, FieldList trailers) override {
    std::string line = "trailers " + std::to_string(id);
    for (const auto& [name, value] : trailers) {
      line.append(" ").append(name).append("=").append(value);
    }
    add(line);
  }
  void on_end(http::StreamId id) override {
    add("end " + std::to_string(id));
    if (when_end) when_end(id);
  }
  void on_room(http::StreamId id) override {
    add("room " + std::to_string(id));
    if (when_room) when_room(id);
  }
  void on_reset(http::StreamId id, http::PeerReset reset) override {
    add("reset " + std::to_string(id) + (reset.malformed ? " malformed" : "") +
        (reset.not_processed ? " not_processed" : ""));
  }
  void on_done(http::StreamId id) override { add("done " + std::to_string(id)); }
  void on_closing() override { add("closing"); }

 private:
  void add(std::string line) { lines_.push_back(std::move(line)); }

  Lines lines_;
  std::map<http::StreamId, Head> heads_;
  std::map<http::StreamId, std::string> bodies_;
};

}  // namespace trackly::test
