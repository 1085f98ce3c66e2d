#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/watched_codec.h"

namespace trackly::fuzz {

/// What the program in front of a client's codec asks, and what it does with the answers.
struct ClientPolicy {
  std::size_t exchanges = 1;  // at most, one after the other or side by side
  std::string_view method = "GET";
  std::size_t body_bytes = 0;    // of the requests
  bool announces_length = true;  // of the requests
  bool later = false;            // credits when receive() has returned
  bool credits = true;
  bool cancels = false;  // breaks every third exchange off at its head

  static ClientPolicy from(Input& input);
};

/// A client: its codec, and what asks.
class ClientEnd final : private http::CodecEvents {
 public:
  struct Answer {
    Head head;
    std::string body;
    FieldList trailers;
    bool ended = false;
  };

  ClientEnd(Version version, const http::CodecLimits& limits, const ClientPolicy& policy);

  /// Hands `bytes` over, in pieces; stops where the codec wants no more. Where `turns`, each piece
  /// is a turn of its own, with the output and the new exchanges that belong to it.
  void receive(std::string_view bytes, Cuts* cuts, bool turns = true);
  void turn();
  /// The server closes its side.
  void end();
  /// Breaks off what has no answer.
  void end_exchanges();

  WatchedCodec& codec() { return codec_; }
  bool failed() const { return failed_; }
  bool took_all() const { return took_all_; }
  const std::string& output() const { return output_; }
  const std::map<http::StreamId, Answer>& answers() const { return answers_; }

 private:
  void on_head(http::StreamId id, Head head, bool end) override;
  void on_informational(http::StreamId, Head) override {}
  void on_bad_head(http::StreamId, Head, http::HeadFault) override {}
  void on_bad_body(http::StreamId) override {}
  void on_body(http::StreamId id, std::string_view bytes) override;
  void on_trailers(http::StreamId id, FieldList trailers) override;
  void on_end(http::StreamId id) override { answers_[id].ended = true; }
  void on_room(http::StreamId id) override { send_more(id); }
  void on_reset(http::StreamId id, http::PeerReset) override { open_.erase(id); }
  void on_done(http::StreamId id) override { open_.erase(id); }
  void on_closing() override {}

  struct Exchange {
    std::string unsent;
    std::size_t owed = 0;
  };

  void ask();
  void send_more(http::StreamId id);
  void produce();

  const ClientPolicy policy_;
  std::map<http::StreamId, Exchange> open_;
  std::map<http::StreamId, Answer> answers_;
  std::size_t asked_ = 0;
  std::string output_;
  bool failed_ = false;
  bool took_all_ = true;
  WatchedCodec codec_;
};

}  // namespace trackly::fuzz
