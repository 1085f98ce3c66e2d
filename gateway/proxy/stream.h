#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/exchange.h"
#include "gateway/http/codec.h"
#include "gateway/json/held_body.h"
#include "gateway/proxy/body_pipe.h"
#include "gateway/proxy/chain.h"
#include "gateway/proxy/context.h"
#include "gateway/proxy/pace.h"
#include "gateway/proxy/response_judge.h"
#include "gateway/proxy/upstream_attempts.h"
#include "gateway/proxy/upstream_call.h"

namespace trackly::proxy {

class Connection;

/// One request and its answer, from the head to the line in the access log. stream.cc tells the
/// story in order; read it first.
///
/// Owned by its connection, which passes on what the codec says, and destroyed through
/// Loop::defer_delete after finish().
class Stream final : public Deferred,
                     private ChainEvents,
                     private UpstreamCallEvents,
                     private BodySource,
                     private BodySink {
 public:
  Stream(Context& context, Connection& connection, http::StreamId id);
  ~Stream() override;

  // What the client does, by the connection.
  void on_head(Head head, bool end);
  void on_bad_head(Head head, http::HeadFault fault);
  void on_bad_body();
  void on_body(std::string_view bytes);
  void on_trailers(FieldList trailers) { trailers_ = std::move(trailers); }
  void on_end();
  void on_room();
  /// The client cancelled, or its connection is gone.
  void on_client_gone(std::string_view flag);
  /// Our answer is out and the request is complete or no longer wanted.
  void on_done();

 private:
  /// What becomes of the request's body.
  enum class Body : std::uint8_t { undecided, held, streamed, unwanted };
  /// Whom the deadline is for.
  enum class Awaited : std::uint8_t { nobody, request_body, response, client };

  // --- the request arrives
  void note_request(Head head);
  ErrorRef fault_of_head() const;
  void ensure_request_id();
  void add_prefix_fields();
  void run_chain(const Endpoint& endpoint);

  // --- the chain speaks (ChainEvents)
  void on_chain_passed() override;
  void on_chain_refused(ErrorRef error, const std::string& detail) override;
  void on_chain_failed(std::string_view what) override;
  void on_chain_wants_body() override;
  void on_shadow_wants_body() override;
  void on_shadow_failed(std::string_view what) override;

  // --- the request goes to the service
  void invite_body();
  bool limit_time();
  void run_out_of_time();
  void refuse_for(Duration time);
  void call_upstream();
  void send_held_body();
  void drop_held_body();
  void on_call_started() override;
  void on_call_room() override;
  void on_call_failed(CallFailure failure) override;

  // --- the service answers
  void on_response_informational(Head head) override;
  void on_response_head(Head head, bool end) override;
  void on_response_body(std::string_view bytes) override;
  void on_response_end(std::optional<FieldList> trailers) override;
  void judged(ResponseJudge::Verdict verdict);
  void forward_response(Head head, bool end);

  // --- answers of our own
  void hold_body(BodyBudget::Reservation reservation);
  void cannot_hold(std::string_view more);
  void watch_shadow_cap();
  bool keep(std::string_view bytes, std::size_t expected);
  void stop_waiting_for_memory();
  void refuse_for_memory();
  void refuse(const ErrorRef& error, const std::string& detail = {});
  void fail_upstream(UpstreamFailure reason, bool delivered);
  void note(observe::Incident incident);
  void note_failure(UpstreamFailure reason);
  void reply(const ErrorRef& error, const std::string& detail);
  /// The answer has begun and cannot be finished.
  void cut();

  // --- the end
  void note_call();
  void drop_call();
  void finish();

  void update_deadline();
  void on_deadline();

  // BodySource: the client's request body. BodySink: the client's answer.
  void credit(std::size_t bytes) override;
  std::size_t send_body(std::string_view bytes, bool end) override;
  void send_trailers(const FieldList& trailers) override;

  http::Codec& codec();

  Context& context_;
  Connection& connection_;
  const http::StreamId id_;
  const std::shared_ptr<const Snapshot> snapshot_;
  Exchange exchange_;
  std::string client_address_;
  std::optional<ChainRun> chain_;

  // The request's body.
  Body body_ = Body::undecided;
  BodyPipe request_pipe_;
  std::optional<FieldList> trailers_;
  bool request_complete_ = false;
  bool expects_continue_ = false;
  std::optional<json::HeldBody> held_;
  BodyBudget::Reservation reservation_;
  std::unique_ptr<BodyBudget::Waiting> memory_place_;  // while it waits for one
  std::unique_ptr<Timer> memory_deadline_;
  std::size_t held_sent_ = 0;
  bool held_for_shadow_ = false;

  // The service.
  std::optional<UpstreamAttempts> attempts_;  // once the upstream is known
  std::unique_ptr<UpstreamCall> call_;
  int attempts_before_ = 0;                  // of calls that failed and were repeated
  std::unique_ptr<Timer> request_deadline_;  // nullptr: the request may take as long as it does
  Pace body_pace_;                           // of the client, sending its request
  Pace answer_pace_;                         // and taking its answer
  std::optional<ResponseJudge> judge_;

  // The answer.
  BodyPipe response_pipe_;
  int interim_ = 0;        // interim answers that were passed on
  bool answered_ = false;  // a response head was sent
  bool finished_ = false;

  std::unique_ptr<Timer> deadline_;
  Awaited awaited_ = Awaited::nobody;
};

}  // namespace trackly::proxy
