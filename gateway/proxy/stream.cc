#include "gateway/proxy/stream.h"

#include <algorithm>
#include <new>
#include <utility>

#include "gateway/api/ascii.h"
#include "gateway/api/path_prefix.h"
#include "gateway/api/request_id.h"
#include "gateway/http/request_target.h"
#include "gateway/observe/diagnostics.h"
#include "gateway/proxy/connection.h"
#include "gateway/proxy/upstream_head.h"

namespace trackly::proxy {
namespace {

constexpr std::string_view kHead = "HEAD";
// Interim answers that are passed on; a service that sends them without end must not fill the
// memory with what a slow client does not take.
constexpr int kMaxInterim = 100;
// What is held for a filter in shadow where no filter has a cap.
constexpr std::uint64_t kMostForShadow = 5 * 1024 * 1024;

}  // namespace

Stream::Stream(Context& context, Connection& connection, http::StreamId id)
    : context_(context),
      connection_(connection),
      id_(id),
      snapshot_(context.snapshot),
      body_pace_(snapshot_->settings.limits.body_rate, snapshot_->settings.limits.body_timeout),
      answer_pace_(snapshot_->settings.limits.write_rate, snapshot_->settings.limits.write_timeout),
      deadline_(context.loop.timer([this] { on_deadline(); })) {
  ++context_.activity.requests;
  exchange_.started = context.loop.now();
  exchange_.started_at = context.loop.wall_now();
}

Stream::~Stream() = default;

http::Codec& Stream::codec() { return connection_.codec(); }

// ------------------------------------------------------------------------------ the request
// arrives

void Stream::on_head(Head head, bool end) {
  request_complete_ = end;
  note_request(std::move(head));
  if (const ErrorRef fault = fault_of_head()) return refuse(fault);

  Router::Match match = snapshot_->router.match(exchange_.request.method, exchange_.path);
  const Operation* operation = match.operation;
  if (operation == nullptr) {
    if (!snapshot_->settings.forward_unknown_paths) return refuse(snapshot_->replies.not_found);
    operation = &snapshot_->api.unknown;
  }
  exchange_.operation = operation;
  const Endpoint& endpoint = snapshot_->endpoint(*operation);
  attempts_.emplace(*snapshot_->upstreams[snapshot_->upstream_of(endpoint, exchange_.path)],
                    context_.loop);
  exchange_.path_values = std::move(match.values);
  for (const auto& [name, value] : operation->response_fields) {
    exchange_.response_fields.set(name, value);
  }
  run_chain(endpoint);
}

void Stream::note_request(Head head) {
  exchange_.request = std::move(head);
  const Head& request = exchange_.request;
  exchange_.protocol = request.protocol;
  exchange_.tls = connection_.is_tls();
  exchange_.client_subject = connection_.peer_subject();
  client_address_ =
      snapshot_->trusted_proxies.client_address(connection_.peer_address(), request.fields);
  exchange_.client_address = client_address_;
  const http::TargetParts parts = http::split_target(request.target);
  exchange_.path = parts.path;
  exchange_.query = parts.query;
  if (const auto expect = request.fields.find("Expect")) {
    expects_continue_ = ascii_iequals(*expect, "100-continue");
  }
  if (auto trace = continue_trace(request.fields, context_.loop)) exchange_.trace_context = *trace;
  add_prefix_fields();
}

/// The filter request_id has been here first, where the request has got that far.
void Stream::ensure_request_id() {
  if (!exchange_.request_id.empty()) return;
  exchange_.request_id = choose_request_id(exchange_.request.fields, context_.loop);
}

void Stream::add_prefix_fields() {
  for (const PrefixFields& prefix : snapshot_->api.prefix_fields) {
    if (!is_below(exchange_.path, prefix.prefix)) continue;
    for (const auto& [name, value] : prefix.fields) exchange_.response_fields.set(name, value);
  }
}

ErrorRef Stream::fault_of_head() const {
  const Head& request = exchange_.request;
  if (request.method == "CONNECT" || request.method == "TRACE") return snapshot_->replies.not_found;
  // "OPTIONS *" asks about the server, and no operation of ours is about that.
  if (request.target == "*") return snapshot_->replies.not_found;
  if (!http::is_unambiguous_target(request.target)) return snapshot_->replies.malformed;
  if (request.fields.find("Expect") && !expects_continue_)
    return snapshot_->replies.expectation_failed;
  return nullptr;
}

void Stream::on_bad_head(Head head, http::HeadFault fault) {
  request_complete_ = true;
  note_request(std::move(head));
  if (fault == http::HeadFault::timeout) exchange_.flag = "slow_head";
  refuse(snapshot_->replies.of(fault));
}

void Stream::run_chain(const Endpoint& endpoint) {
  chain_.emplace(endpoint.chain, exchange_, context_.loop, static_cast<ChainEvents&>(*this));
  chain_->start();
  update_deadline();
}

void Stream::on_body(std::string_view bytes) {
  if (finished_) return;
  if (body_ == Body::unwanted) return codec().credit(id_, bytes.size());
  exchange_.bytes_in += bytes.size();
  if (exchange_.bytes_in > exchange_.body_cap.max_bytes) return chain_->refuse_over_cap();
  watch_shadow_cap();
  if (body_ == Body::held) {
    // Without a payload cap nothing else bounds a body of undeclared length.
    const bool fits = exchange_.bytes_in <= reservation_.bytes();
    if (!fits || !keep(bytes, 0)) return cannot_hold(bytes);
    credit(bytes.size());
  } else {
    request_pipe_.push(bytes);  // while it is undecided, no further than the first small window
  }
  update_deadline();
}

void Stream::on_end() {
  request_complete_ = true;
  if (finished_ || body_ == Body::unwanted) return;
  if (body_ == Body::held) {
    chain_->body_ready();
  } else {
    if (trailers_) trailers_ = make_upstream_trailers(*std::move(trailers_), exchange_);
    request_pipe_.end(std::move(trailers_));
  }
  update_deadline();
}

void Stream::on_bad_body() {
  request_complete_ = true;
  if (!finished_ && body_ != Body::unwanted) refuse(snapshot_->replies.malformed);
}

// --------------------------------------------------------------------------------- the chain
// speaks

void Stream::on_chain_refused(ErrorRef error, const std::string& detail) { refuse(error, detail); }

void Stream::on_chain_failed(std::string_view what) {
  observe::report_fault(exchange_.request_id, what);
  exchange_.flag = "fault";
  refuse(snapshot_->replies.internal);
}

/// A body is held only when there is room for all of it; until then the client waits, its window
/// closed.
void Stream::on_chain_wants_body() {
  const Limits& limits = snapshot_->settings.limits;
  const std::uint64_t bound = std::min(exchange_.body_cap.max_bytes, limits.body_memory);
  reservation_ = {};  // of a body that was more than is held for a filter in shadow
  if (exchange_.bytes_in > exchange_.body_cap.max_bytes) return chain_->refuse_over_cap();
  const std::uint64_t size =
      request_complete_ ? exchange_.bytes_in : exchange_.request.content_length.value_or(bound);
  if (size > context_.body_budget.total()) return refuse_for_memory();
  if (auto reservation = context_.body_budget.reserve(size)) {
    return hold_body(std::move(reservation));
  }
  memory_deadline_ = context_.loop.timer([this] { refuse_for_memory(); });
  memory_deadline_->arm(limits.body_wait);
  memory_place_ = context_.body_budget.wait(
      size, context_.loop,
      [this](BodyBudget::Reservation reservation) { hold_body(std::move(reservation)); });
}

/// For a filter in shadow nobody is refused, nor kept waiting: the body is held if there is room at
/// once.
void Stream::on_shadow_wants_body() {
  if (exchange_.bytes_in > exchange_.body_cap.max_bytes) return chain_->refuse_over_cap();
  watch_shadow_cap();
  const std::uint64_t cap = std::min(exchange_.body_cap.max_bytes, exchange_.shadow_cap.max_bytes);
  const std::uint64_t bound = cap == UINT64_MAX ? kMostForShadow : cap;
  const std::uint64_t size =
      request_complete_ ? exchange_.bytes_in : exchange_.request.content_length.value_or(bound);
  if (std::max(size, exchange_.bytes_in) > bound) return chain_->body_unavailable();
  BodyBudget& budget = context_.body_budget;
  // The other half is left to those that have to be held.
  if (budget.used() + size > budget.total() / 2) return chain_->body_unavailable();
  auto reservation = budget.reserve(size);
  if (!reservation) return chain_->body_unavailable();
  held_for_shadow_ = true;
  hold_body(std::move(reservation));
}

/// There is no room for `more` of it. What was held for a filter in shadow goes on as if nobody had
/// wanted to look at it; its memory stays reserved until it is gone.
void Stream::cannot_hold(std::string_view more) {
  if (!held_for_shadow_) return refuse_for_memory();
  held_for_shadow_ = false;
  body_ = Body::undecided;
  exchange_.body = nullptr;
  std::string so_far = held_->take();
  held_.reset();
  const std::size_t credited = so_far.size();
  request_pipe_.put_back(std::move(so_far), credited);
  request_pipe_.push(more);
  chain_->body_unavailable();
  update_deadline();
}

void Stream::watch_shadow_cap() {
  if (exchange_.bytes_in > exchange_.shadow_cap.max_bytes) chain_->note_over_shadow_cap();
}

void Stream::on_shadow_failed(std::string_view what) {
  observe::report_fault(exchange_.request_id, what);
}

void Stream::hold_body(BodyBudget::Reservation reservation) {
  stop_waiting_for_memory();
  reservation_ = std::move(reservation);
  body_ = Body::held;
  held_.emplace(context_.parser, snapshot_->settings.limits.json_depth);
  held_->bound(reservation_.bytes());
  const std::size_t owed = request_pipe_.owed();
  const std::string early = request_pipe_.take();
  if (!keep(early, exchange_.request.content_length.value_or(early.size()))) {
    return cannot_hold(early);
  }
  credit(owed);
  exchange_.body = &*held_;
  invite_body();
  if (request_complete_) chain_->body_ready();
  update_deadline();
}

/// False where the system has not the memory that the budget allows.
bool Stream::keep(std::string_view bytes, std::size_t expected) {
  try {
    held_->reserve(expected);
    held_->append(bytes);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void Stream::stop_waiting_for_memory() {
  memory_place_.reset();
  if (memory_deadline_ != nullptr) memory_deadline_->disarm();
}

void Stream::refuse_for_memory() {
  exchange_.flag = "body_memory";
  note(observe::Incident::body_memory);
  refuse(snapshot_->replies.unavailable);
}

void Stream::on_chain_passed() {
  exchange_.chain_done = context_.loop.exact_now() - exchange_.started;
  if (body_ == Body::undecided) {
    if (exchange_.bytes_in > exchange_.body_cap.max_bytes) return chain_->refuse_over_cap();
    watch_shadow_cap();
    body_ = Body::streamed;
    invite_body();
  }
  exchange_.upstream = attempts_->upstream().name();
  if (!limit_time()) return fail_upstream(UpstreamFailure::request_timeout, false);
  attempts_->upstream().retry_budget().earn();
  call_upstream();
}

// -------------------------------------------------------------------- the request goes to the
// service

/// RFC 9110 section 10.1.1: a client that waits for 100 is told when its body is first needed, and
/// never before the head alone could have been refused.
void Stream::invite_body() {
  if (!expects_continue_ || exchange_.protocol == Protocol::http10) return;
  if (request_complete_ || exchange_.bytes_in > 0) return;
  Head head;
  head.status = 100;
  codec().send_informational(id_, head);
  connection_.schedule_flush();
}

/// False: the time is over already.
bool Stream::limit_time() {
  const auto left =
      attempts_->time_left(exchange_.request.fields, context_.loop.now() - exchange_.started);
  if (!left) return true;
  if (*left <= Duration::zero()) return false;
  request_deadline_ = context_.loop.timer([this] { run_out_of_time(); });
  request_deadline_->arm(*left);
  return true;
}

void Stream::run_out_of_time() {
  note_call();
  if (call_ != nullptr && !attempts_->client_is_impatient()) call_->note_timeout();
  if (judge_ && !answered_) return judged(ResponseJudge::Verdict::foreign);
  if (!answered_) return fail_upstream(UpstreamFailure::request_timeout, exchange_.delivered);
  if (response_pipe_.ended()) return;  // the service is done with it
  note_failure(UpstreamFailure::request_timeout);
  cut();
}

/// The service has failed too often to be asked.
void Stream::refuse_for(Duration time) {
  const auto wait = std::chrono::ceil<std::chrono::seconds>(time);
  exchange_.response_fields.set("Retry-After", std::to_string(std::max<long>(1, wait.count())));
  exchange_.failure = UpstreamFailure::circuit_open;
  reply(snapshot_->replies.circuit_open, {});
}

void Stream::call_upstream() {
  ensure_request_id();
  if (const auto time = attempts_->refused_for()) return refuse_for(*time);
  if (!exchange_.trace_context) exchange_.trace_context = begin_trace(context_.loop);
  Head head =
      make_upstream_head(exchange_, snapshot_->trusted_proxies.contains(connection_.peer_address()),
                         connection_.peer_address());
  bool end = request_complete_ && exchange_.bytes_in == 0 && !trailers_;
  if (body_ == Body::held) {
    end = held_->size() == 0;
    // A chunked request is known by now; one without any body stays without.
    if (!end || exchange_.request.content_length) head.content_length = held_->size();
  } else if (request_pipe_.ended()) {
    end = !request_pipe_.blocked() && !trailers_;
  }
  held_sent_ = 0;
  const Target* const refused_by = call_ != nullptr ? call_->target() : nullptr;
  call_ = attempts_->upstream().call(std::move(head), end, *this, refused_by);
  call_->begin();
}

void Stream::on_call_started() {
  note_call();
  if (body_ == Body::held) {
    send_held_body();
  } else {
    request_pipe_.connect(this, call_.get());
  }
  update_deadline();
}

void Stream::on_call_room() {
  if (body_ == Body::held) {
    send_held_body();
  } else {
    request_pipe_.pump();
  }
  update_deadline();
}

void Stream::send_held_body() {
  if (!held_ || held_sent_ == held_->size()) return;
  held_sent_ += call_->send_body(held_->bytes().substr(held_sent_), true);
}

void Stream::on_call_failed(CallFailure failure) {
  note_call();
  exchange_.delivered |= failure.delivered;
  if (answered_) {
    note_failure(failure.reason);
    return cut();
  }
  if (judge_) return judged(ResponseJudge::Verdict::foreign);
  const bool whole = request_pipe_.passed() == 0;
  if (!attempts_->may_repeat(failure, exchange_.request.method, whole)) {
    return fail_upstream(failure.reason, exchange_.delivered);
  }
  attempts_before_ = exchange_.attempts;
  ++exchange_.repeats;
  request_pipe_.connect(nullptr, nullptr);
  call_upstream();
}

/// The memory goes back as soon as nobody can ask for the body again.
void Stream::drop_held_body() {
  exchange_.body = nullptr;
  held_.reset();
  reservation_ = {};
}

// ------------------------------------------------------------------------------ the service
// answers

void Stream::on_response_informational(Head head) {
  // 100 answers an expectation that we have met ourselves; HTTP/1.0 has no interim answers.
  if (answered_ || head.status == 100 || exchange_.protocol == Protocol::http10) return;
  if (interim_ == kMaxInterim) return;
  ++interim_;
  codec().send_informational(id_, head);
  connection_.schedule_flush();
}

void Stream::on_response_head(Head head, bool end) {
  note_call();
  exchange_.delivered = true;
  exchange_.received_status = head.status;
  exchange_.upstream_head = context_.loop.exact_now() - exchange_.started;
  if (call_->request_ended()) drop_held_body();
  if (!ResponseJudge::is_needed(head)) {
    forward_response(std::move(head), end);
  } else {
    judge_.emplace(context_.loop, std::move(head),
                   [this] { judged(ResponseJudge::Verdict::foreign); });
    if (end || exchange_.request.method == kHead) judged(ResponseJudge::Verdict::foreign);
  }
  update_deadline();
}

void Stream::on_response_body(std::string_view bytes) {
  if (judge_ && !answered_) {
    const auto verdict = judge_->add(bytes);
    call_->credit(bytes.size());
    if (verdict) judged(*verdict);
  } else {
    response_pipe_.push(bytes);
  }
  update_deadline();
}

void Stream::on_response_end(std::optional<FieldList> trailers) {
  if (judge_ && !answered_) {
    const ResponseJudge::Verdict verdict = judge_->ended();
    if (verdict == ResponseJudge::Verdict::foreign) return judged(verdict);
    forward_response(std::move(judge_->head()), false);
    response_pipe_.forget_source();  // credited while it was held
    response_pipe_.push(judge_->body());
  }
  attempts_->succeeded(call_.get());
  response_pipe_.end(std::move(trailers));
  // An answer that does not wait for the whole request: the service wants no more of it.
  // So the client need not be made to wait with it until it has read the answer.
  if (call_ != nullptr && !call_->request_ended()) {
    body_ = Body::unwanted;
    drop_call();
    drop_held_body();
  }
  update_deadline();
}

void Stream::judged(ResponseJudge::Verdict verdict) {
  if (verdict != ResponseJudge::Verdict::foreign || answered_ || finished_) return;
  note_failure(UpstreamFailure::foreign_error);
  const CoreErrors& replies = snapshot_->replies;
  if (exchange_.received_status != 503) return reply(replies.outcome_unknown, {});
  if (const auto retry_after = judge_->head().fields.find("Retry-After")) {
    exchange_.response_fields.set("Retry-After", *retry_after);
  }
  reply(replies.unavailable, {});
}

void Stream::forward_response(Head head, bool end) {
  chain_->respond();
  for (const FieldList::Field& field : exchange_.response_fields) {
    head.fields.set(field.name, field.value);
  }
  head.fields.set(kRequestIdField, exchange_.request_id);
  // RFC 9110 section 6.6.1: whoever forwards an answer without a date adds it.
  if (!head.fields.find("Date")) head.fields.add("Date", http_date(context_.loop.wall_now()));
  exchange_.status = head.status;
  answered_ = true;
  attempts_->answered();
  codec().send_head(id_, head, end);
  connection_.schedule_flush();
  if (end) {
    attempts_->succeeded(call_.get());
    response_pipe_.end(std::nullopt);
    if (!call_->request_ended()) drop_call();
  } else {
    response_pipe_.connect(call_.get(), this);
  }
}

// ------------------------------------------------------------------------------- answers of our
// own

void Stream::refuse(const ErrorRef& error, const std::string& detail) { reply(error, detail); }

/// 503 = not delivered, safe to repeat. 502 = delivered, or perhaps: the outcome is unknown.
void Stream::fail_upstream(UpstreamFailure reason, bool delivered) {
  note_failure(reason);
  reply(delivered ? snapshot_->replies.outcome_unknown : snapshot_->replies.unavailable, {});
}

void Stream::note_failure(UpstreamFailure reason) {
  exchange_.failure = reason;
  attempts_->failed(reason, call_.get());
}

void Stream::reply(const ErrorRef& error, const std::string& detail) {
  if (finished_) return;
  if (answered_) return cut();
  answered_ = true;
  exchange_.local_reply = error;
  exchange_.status = error->status;
  body_ = Body::unwanted;
  stop_waiting_for_memory();
  ensure_request_id();
  drop_call();
  if (chain_) chain_->respond();
  drop_held_body();

  const bool with_detail = snapshot_->settings.error_detail;
  const LocalReply answer =
      write_reply(exchange_, with_detail ? detail : std::string(), context_.loop.wall_now());
  const bool head_only = exchange_.request.method == kHead;
  codec().send_head(id_, answer.head, head_only);
  if (head_only) {
    response_pipe_.end(std::nullopt);
  } else {
    response_pipe_.connect(nullptr, this);
    response_pipe_.push(answer.body);
    response_pipe_.end(std::nullopt);
  }
  request_pipe_.close();
  connection_.schedule_flush();
  update_deadline();
}

void Stream::cut() {
  exchange_.cut = true;
  drop_call();
  // Of an HTTP/1.0 answer only the close tells the end, so only a reset tells that it is not the
  // end.
  connection_.cut(id_, exchange_.protocol == Protocol::http10);
  finish();
}

// ------------------------------------------------------------------------------------------ the
// end

void Stream::on_room() {
  response_pipe_.pump();
  update_deadline();
}

void Stream::on_client_gone(std::string_view flag) {
  if (finished_) return;
  exchange_.flag = flag;
  exchange_.cut = answered_;
  finish();
}

void Stream::on_done() { finish(); }

void Stream::note_call() {
  if (call_ == nullptr) return;
  if (const Target* target = call_->target()) exchange_.endpoint = target->text();
  exchange_.attempts = attempts_before_ + call_->attempts();
  exchange_.delivered |= call_->delivered();
}

void Stream::drop_call() {
  note_call();
  request_pipe_.close();
  response_pipe_.forget_source();
  call_.reset();
  if (attempts_) attempts_->give_up();
}

void Stream::finish() {
  if (finished_) return;
  finished_ = true;
  ensure_request_id();
  drop_call();
  stop_waiting_for_memory();
  deadline_->disarm();
  if (request_deadline_ != nullptr) request_deadline_->disarm();
  if (chain_) chain_->end();
  exchange_.bytes_out = response_pipe_.passed();
  exchange_.finished = context_.loop.exact_now() - exchange_.started;
  const Records& records = snapshot_->records;
  records.access_log.write(exchange_, snapshot_->access_format);
  records.metrics.note(records.labels, exchange_);
  if (records.shadow_findings != nullptr) records.shadow_findings->note(exchange_);
  if (records.observer != nullptr) records.observer->on_finished(exchange_);
  --context_.activity.requests;
  connection_.release(id_);
}

/// One deadline, for whoever has to act next; it moves with every piece of progress.
void Stream::update_deadline() {
  const Limits& limits = snapshot_->settings.limits;
  const bool all_given = response_pipe_.blocked() || response_pipe_.ended();
  if (finished_) {
    awaited_ = Awaited::nobody;
  } else if (answered_ && all_given) {
    awaited_ = Awaited::client;
  } else if (!request_complete_ &&
             (body_ == Body::held || (body_ == Body::streamed && !request_pipe_.blocked()))) {
    awaited_ = Awaited::request_body;
  } else if (call_ != nullptr && call_->has_started()) {
    awaited_ = Awaited::response;
  } else {
    awaited_ = Awaited::nobody;
  }
  const TimePoint now = context_.loop.now();
  awaited_ == Awaited::request_body ? body_pace_.wait(now) : body_pace_.rest(now);
  awaited_ == Awaited::client ? answer_pace_.wait(now) : answer_pace_.rest(now);
  switch (awaited_) {
    case Awaited::nobody:
      return deadline_->disarm();
    case Awaited::request_body:
      return deadline_->arm(
          std::min<Duration>(limits.body_timeout, body_pace_.left(exchange_.bytes_in, now)));
    case Awaited::response:
      return deadline_->arm(exchange_.received_status == 0 ? attempts_->settings().response_timeout
                                                           : attempts_->settings().body_timeout);
    case Awaited::client:
      return deadline_->arm(std::min<Duration>(limits.write_timeout,
                                               answer_pace_.left(response_pipe_.passed(), now)));
  }
}

void Stream::on_deadline() {
  switch (awaited_) {
    case Awaited::nobody:
      return;
    case Awaited::request_body:
      exchange_.flag = "slow_body";
      note(observe::Incident::slow_body);
      return refuse(snapshot_->replies.too_slow);
    case Awaited::response:
      note_call();
      if (call_ != nullptr) call_->note_timeout();
      if (judge_ && !answered_) return judged(ResponseJudge::Verdict::foreign);
      if (!answered_) return fail_upstream(UpstreamFailure::response_timeout, exchange_.delivered);
      note_failure(UpstreamFailure::body_timeout);
      return cut();
    case Awaited::client:
      exchange_.flag = "slow_reader";
      note(observe::Incident::slow_reader);
      return cut();
  }
}

void Stream::note(observe::Incident incident) {
  context_.incidents.note(incident, exchange_.client_address, context_.loop.now());
}

void Stream::credit(std::size_t bytes) {
  codec().credit(id_, bytes);
  connection_.schedule_flush();
}

std::size_t Stream::send_body(std::string_view bytes, bool end) {
  const std::size_t taken = codec().send_body(id_, bytes, end);
  connection_.schedule_flush();
  return taken;
}

void Stream::send_trailers(const FieldList& trailers) {
  codec().send_trailers(id_, trailers);
  connection_.schedule_flush();
}

}  // namespace trackly::proxy
