#include "tests/integration/fault_matrix/expectation.h"

#include <ostream>

#include "tests/support/reaction.h"

namespace trackly::test {
namespace {

constexpr int kRepeats = 1;  // retries.limit: what budget_percent: 100 has always room for

constexpr std::string_view kNotDelivered =
    R"({"error":"Provider unavailable","code":"provider_error"})";
constexpr std::string_view kOutcomeUnknown =
    R"({"error":"Provider sync failed","code":"provider_sync_failed"})";

/// 503 of our own: nothing of it can have been processed.
Outcome not_delivered(std::string_view proxy_status, std::string_view upstream_error,
                      int attempts = 1) {
  return {.status = 503,
          .body = std::string(kNotDelivered),
          .proxy_status = "error=" + std::string(proxy_status),
          .upstream_error = std::string(upstream_error),
          .delivered = false,
          .attempts = attempts};
}

/// 502 of our own: perhaps it was processed.
Outcome outcome_unknown(std::string_view proxy_status, std::string_view upstream_error,
                        int attempts = 1) {
  return {.status = 502,
          .body = std::string(kOutcomeUnknown),
          .proxy_status = "error=" + std::string(proxy_status),
          .upstream_error = std::string(upstream_error),
          .delivered = true,
          .attempts = attempts};
}

/// In place of a 5xx that clients have no documentation of.
Outcome replaced(int received) {
  const bool unavailable = received == 503;
  return {.status = unavailable ? 503 : 502,
          .body = std::string(unavailable ? kNotDelivered : kOutcomeUnknown),
          .proxy_status = "received-status=" + std::to_string(received),
          .upstream_error = "foreign_error",
          .retry_after = unavailable ? "17" : ""};
}

Outcome passed_on(int status, std::string_view body, int attempts = 1) {
  return {.status = status, .body = std::string(body), .attempts = attempts};
}

Outcome cut(std::string_view upstream_error) {
  return {.status = 200,
          .body = std::string(kHalf),
          .cut = true,
          .upstream_error = std::string(upstream_error)};
}

bool answer_has_begun(Stage stage) {
  return stage == Stage::body || stage == Stage::chunks || stage == Stage::body_until_close ||
         stage == Stage::end_of_body;
}

/// Before any byte of an answer, on a connection that the service may have closed for having been
/// idle.
bool may_be_stale(const Cell& cell) {
  const bool died = cell.fault.effect == Effect::ends && cell.fault.then != Fault::Then::stays;
  H2Wire unused;
  // In HTTP/2 a head without its end is nothing that anyone has read.
  const bool answered = !is_h2(cell.link) && (cell.stage != Stage::whole_request ||
                                              !cell.fault.bytes(unused, 1).empty());
  return cell.reused && cell.ask == Ask::contacts && died && !answered;
}

Outcome of_a_handshake(const Fault& fault) {
  switch (fault.effect) {
    case Effect::bad_certificate:
      return not_delivered("tls_certificate_error", "tls_certificate");
    case Effect::silent:
      return not_delivered("connection_timeout", "tls_timeout");
    default:
      return not_delivered("tls_protocol_error", "tls_failed");
  }
}

Outcome not_processed(const Cell& cell) {
  // What has been passed on as it came is not there any more.
  const bool can_repeat = cell.ask != Ask::upload;
  if (can_repeat && cell.once) return passed_on(200, kAccepted, 2);
  return not_delivered("destination_unavailable", "refused_stream", can_repeat ? 1 + kRepeats : 1);
}

std::string_view to_string(Ask ask) {
  constexpr std::string_view kNames[] = {"contacts", "message", "upload"};
  return kNames[static_cast<std::size_t>(ask)];
}

/// Requests that can be in that stage.
std::vector<Ask> asks_in(Stage stage, const Fault& fault) {
  switch (stage) {
    case Stage::connecting:
    case Stage::handshake:
    case Stage::unread:
    case Stage::whole_request:
      return {Ask::contacts, Ask::message, Ask::upload};
    case Stage::part_of_request:
      return {Ask::upload};
    case Stage::error_body:
    case Stage::unavailable_body:
      return {Ask::message};
    case Stage::idle:
      if (fault.effect == Effect::silent) return {};
      return {Ask::message};
    default:
      return {Ask::contacts, Ask::message};
  }
}

}  // namespace

Outcome expected_outcome(const Cell& cell) {
  const Fault& fault = cell.fault;
  if (cell.stage == Stage::handshake) return of_a_handshake(fault);
  if (cell.stage == Stage::idle) return passed_on(200, kAccepted);
  if (cell.stage == Stage::error_body) return replaced(500);
  if (cell.stage == Stage::unavailable_body) return replaced(503);
  const bool begun = answer_has_begun(cell.stage);
  switch (fault.effect) {
    case Effect::none:
      return passed_on(fault.status, fault.body);
    case Effect::foreign:
    case Effect::unavailable:
      return replaced(fault.status);
    case Effect::not_processed:
      return begun ? cut("truncated_response") : not_processed(cell);
    case Effect::ends:
      if (begun) return cut("truncated_response");
      if (!may_be_stale(cell)) return outcome_unknown("connection_terminated", "connection_closed");
      if (cell.once) return passed_on(200, kAccepted, 2);
      return outcome_unknown("connection_terminated", "connection_closed", 2);
    case Effect::malformed:
      if (begun) return cut("truncated_response");
      return outcome_unknown("http_protocol_error", "malformed_response");
    case Effect::silent:
      if (begun) return cut("body_timeout");
      return outcome_unknown("http_response_timeout", "response_timeout");
    case Effect::unresolved:
      return not_delivered("dns_error", "unresolved", 0);
    case Effect::refused:
      return not_delivered("connection_refused", "connection_refused");
    case Effect::not_accepted:
      return not_delivered("connection_timeout", "connect_timeout");
    case Effect::no_tls:
    case Effect::bad_certificate:
      return of_a_handshake(fault);
  }
  return {};
}

std::vector<Cell> every_cell() {
  constexpr Downstream kClients[] = {Downstream::h1, Downstream::h2};
  std::vector<Cell> cells;
  for (const Link link : kEveryLink) {
    for (int i = 0; i <= static_cast<int>(Stage::idle); ++i) {
      const auto stage = static_cast<Stage>(i);
      for (const Fault& fault : faults_of(link, stage)) {
        for (const Ask ask : asks_in(stage, fault)) {
          for (const Downstream downstream : kClients) {
            Cell cell{
                .link = link, .downstream = downstream, .stage = stage, .ask = ask, .fault = fault};
            cells.push_back(cell);
            const bool repeatable =
                fault.effect == Effect::not_processed && !answer_has_begun(stage);
            if (repeatable) {
              cell.once = true;
              cells.push_back(cell);
            }
            // The same on a connection that was idle before.
            const bool before_the_answer =
                stage == Stage::whole_request || stage == Stage::part_of_head;
            // Silence is the same on any connection.
            if (!before_the_answer || ask == Ask::upload || fault.effect == Effect::silent)
              continue;
            cell.reused = true;
            cell.once = false;
            cells.push_back(cell);
            if (!repeatable && !may_be_stale(cell)) continue;
            cell.once = true;
            cells.push_back(cell);
          }
        }
      }
    }
  }
  return cells;
}

std::string name_of(const Cell& cell) {
  std::string name;
  for (const std::string_view part :
       {to_string(cell.link), to_string(cell.downstream), to_string(cell.stage), cell.fault.name,
        to_string(cell.ask)}) {
    if (!name.empty()) name += '_';
    name += part;
  }
  if (cell.reused) name += "_reused";
  if (cell.once) name += "_once";
  return name;
}

void PrintTo(const Cell& cell, std::ostream* out) { *out << name_of(cell); }

}  // namespace trackly::test
