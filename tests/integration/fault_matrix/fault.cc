#include "tests/integration/fault_matrix/fault.h"

#include <utility>

#include "tests/support/http_message.h"
#include "tests/support/reaction.h"

namespace trackly::test {
namespace {

using Then = Fault::Then;

std::string nothing(H2Wire&, std::int32_t) { return {}; }

/// The connection itself fails: possible in every stage.
std::vector<Fault> connection_faults(Link link, Stage stage) {
  // What ends with the connection is whole when it ends, if that is how it is to end.
  const bool proper = stage == Stage::body_until_close;
  std::vector<Fault> faults{
      {"Ends", proper ? Effect::none : Effect::ends, nothing, Then::ends, 200, std::string(kHalf)},
      {"Resets", Effect::ends, nothing, Then::resets},
      {"IsSilent", Effect::silent, nothing, Then::stays}};
  if (is_tls(link)) {
    faults.push_back({"EndsWithoutNotice", Effect::ends, nothing, Then::ends_without_notice});
  }
  return faults;
}

std::vector<Fault> handshake_faults() {
  using namespace std::string_literals;
  const auto sends = [](std::string_view name, std::string bytes, Then then = Then::stays) {
    return Fault{name, Effect::no_tls,
                 [bytes = std::move(bytes)](H2Wire&, std::int32_t) { return bytes; }, then};
  };
  const auto shows = [](std::string_view name, Fault::Certificate certificate) {
    Fault fault{name, Effect::bad_certificate, nothing};
    fault.certificate = certificate;
    return fault;
  };
  Fault other_protocol{"InsistsOnAnotherProtocol", Effect::no_tls, nothing};
  other_protocol.protocol = "h3";
  return {
      {"Ends", Effect::no_tls, nothing, Then::ends},
      {"Resets", Effect::no_tls, nothing, Then::resets},
      {"IsSilent", Effect::silent, nothing},
      sends("SendsGarbage", "\x01\x02\x03 garbage"),
      sends("SpeaksPlainHttp", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", Then::ends),
      sends("SendsAlert", "\x15\x03\x03\x00\x02\x02\x28"s),
      sends("SendsHalfAHello", "\x16\x03\x03\x00\x7a\x02\x00"s, Then::ends),
      shows("ShowsCertificateOfAnotherName", Fault::Certificate::of_another_name),
      shows("ShowsCertificateOfNobody", Fault::Certificate::of_nobody),
      shows("ShowsExpiredCertificate", Fault::Certificate::expired),
      std::move(other_protocol),
  };
}

struct Reply {
  std::string_view name;
  int status;
  std::string_view type;
  std::string_view body;
  Effect effect;
};

constexpr std::string_view kPage = "<html><body>Internal Server Error</body></html>";
constexpr std::string_view kDocumented = R"( {"code": "send_failed", "error":"Send failed" } )";

constexpr Reply kReplies[] = {
    {"Accepts", 200, "application/json", kAccepted, Effect::none},
    {"AnswersPageWith404", 404, "text/html", kPage, Effect::none},
    {"AnswersPageWith429", 429, "text/html", kPage, Effect::none},
    {"AnswersWithRedirect", 307, "text/html", kPage, Effect::none},
    {"AnswersPageWith500", 500, "text/html", kPage, Effect::foreign},
    {"AnswersPageWith501", 501, "text/html", kPage, Effect::foreign},
    {"AnswersPageWith502", 502, "text/html", kPage, Effect::foreign},
    {"AnswersPageWith504", 504, "text/html", kPage, Effect::foreign},
    {"AnswersPageWith599", 599, "text/html", kPage, Effect::foreign},
    {"AnswersPageWith503", 503, "text/html", kPage, Effect::unavailable},
    {"AnswersNothingWith500", 500, "text/html", "", Effect::foreign},
    {"AnswersNothingWith503", 503, "text/html", "", Effect::unavailable},
    {"AnswersOtherJsonWith500", 500, "application/json", R"({"error":{"text":"x"}})",
     Effect::foreign},
    {"AnswersListOfErrorsWith500", 500, "application/json", R"([{"error":"x"}])", Effect::foreign},
    {"AnswersDocumentedErrorWith500", 500, "text/plain", kDocumented, Effect::none},
    {"AnswersDocumentedErrorWith502", 502, "text/plain", kDocumented, Effect::none},
    {"AnswersDocumentedErrorWith503", 503, "text/plain", kDocumented, Effect::none},
};

std::vector<Fault> replies(bool h2) {
  std::vector<Fault> faults;
  for (const Reply& reply : kReplies) {
    auto bytes = [reply, h2](H2Wire& wire, std::int32_t stream) {
      if (!h2) {
        return http1_answer(reply.status, reply.body,
                            "Retry-After: 17\r\nContent-Type: " + std::string(reply.type) + "\r\n");
      }
      const std::string head = wire.headers(stream,
                                            {{":status", std::to_string(reply.status)},
                                             {"retry-after", "17"},
                                             {"content-type", std::string(reply.type)}},
                                            reply.body.empty());
      return reply.body.empty() ? head : head + H2Wire::data(stream, reply.body, true);
    };
    faults.push_back({reply.name, reply.effect, std::move(bytes), Then::stays, reply.status,
                      std::string(reply.body)});
  }
  return faults;
}

void append(std::vector<Fault>& all, std::vector<Fault> more) {
  for (Fault& fault : more) all.push_back(std::move(fault));
}

}  // namespace

std::vector<Fault> faults_of(Link link, Stage stage) {
  switch (stage) {
    case Stage::connecting:
      return {{"HasNoAddress", Effect::unresolved},
              {"RefusesConnections", Effect::refused},
              {"AcceptsNoConnection", Effect::not_accepted}};
    case Stage::handshake:
      return is_tls(link) ? handshake_faults() : std::vector<Fault>();
    case Stage::chunks:
    case Stage::body_until_close:
      if (is_h2(link)) return {};
      break;
    default:
      break;
  }
  std::vector<Fault> all = connection_faults(link, stage);
  append(all, is_h2(link) ? h2_faults(stage) : h1_faults(stage));
  const bool may_answer = stage == Stage::part_of_request || stage == Stage::whole_request ||
                          stage == Stage::after_continue || stage == Stage::after_hints;
  if (may_answer) append(all, replies(is_h2(link)));
  return all;
}

std::string_view to_string(Link link) {
  constexpr std::string_view kNames[] = {"Http", "H2c", "HttpsH1", "HttpsH2"};
  return kNames[static_cast<std::size_t>(link)];
}

std::string_view to_string(Stage stage) {
  constexpr std::string_view kNames[] = {"Connecting",
                                         "InTheHandshake",
                                         "BeforeReading",
                                         "WithinTheRequest",
                                         "AfterTheRequest",
                                         "After100",
                                         "After103",
                                         "WithinTheHead",
                                         "WithinA500",
                                         "WithinA503",
                                         "WithinABody",
                                         "WithinChunks",
                                         "WithinABodyUntilClose",
                                         "AtTheEnd",
                                         "WhileIdle"};
  return kNames[static_cast<std::size_t>(stage)];
}

}  // namespace trackly::test
