#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/watched_codec.h"

namespace trackly::fuzz {

/// How the program behind a server's codec treats its requests.
struct ServerPolicy {
  enum class Answer { at_the_end, at_the_head, at_the_body, never };
  Answer answer = Answer::at_the_end;
  bool later = false;            // answers and credits when receive() has returned
  bool credits = true;           // else only its answer frees the client
  bool cancels = false;          // breaks every third answer off
  bool interim = false;          // sends 103 before it answers
  bool announces_length = true;  // of its answers
  std::size_t answer_bytes = 5;

  static ServerPolicy from(Input& input);
};

/// A server: its codec, and what answers the requests.
class ServerEnd final : private http::CodecEvents {
 public:
  ServerEnd(Version version, const http::CodecLimits& limits, const ServerPolicy& policy);

  /// Hands all of `bytes` over, in pieces; stops where the codec wants no more. Where `turns`, each
  /// piece is a turn of its own, with the output that belongs to it.
  void receive(std::string_view bytes, Cuts* cuts, bool turns = true);
  /// What a turn of the loop does when the bytes were read.
  void turn();
  /// The client closes its side.
  void end();
  /// Answers what is open, and breaks off what cannot be answered.
  void end_exchanges();

  WatchedCodec& codec() { return codec_; }
  bool failed() const { return failed_; }
  /// Everything that was received was taken.
  bool took_all() const { return took_all_; }
  const std::string& output() const { return output_; }

 private:
  void on_head(http::StreamId id, Head head, bool end) override;
  void on_informational(http::StreamId, Head) override {}
  void on_bad_head(http::StreamId id, Head head, http::HeadFault fault) override;
  void on_bad_body(http::StreamId id) override;
  void on_body(http::StreamId id, std::string_view bytes) override;
  void on_trailers(http::StreamId, FieldList) override {}
  void on_end(http::StreamId id) override;
  void on_room(http::StreamId id) override;
  void on_reset(http::StreamId id, http::PeerReset) override { open_.erase(id); }
  void on_done(http::StreamId id) override { open_.erase(id); }
  void on_closing() override {}

  struct Exchange {
    bool answered = false;
    std::string unsent;
    std::size_t owed = 0;  // body bytes not credited
  };

  void wants_answer(http::StreamId id, int status);
  void answer(http::StreamId id, int status);
  void send_more(http::StreamId id);
  void produce();

  const ServerPolicy policy_;
  std::map<http::StreamId, Exchange> open_;
  std::vector<std::pair<http::StreamId, int>> due_;
  std::string output_;
  bool failed_ = false;
  bool took_all_ = true;
  WatchedCodec codec_;
};

}  // namespace trackly::fuzz
