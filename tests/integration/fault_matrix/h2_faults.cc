#include <algorithm>
#include <string>

#include "tests/integration/fault_matrix/fault.h"

namespace trackly::test {
namespace {

using Then = Fault::Then;
using Frames = std::string (*)(H2Wire& wire, std::int32_t id);

constexpr std::uint8_t kEndHeaders = NGHTTP2_FLAG_END_HEADERS;

void add(std::vector<Fault>& faults, std::string_view name, Effect effect, Frames frames,
         Then then = Then::stays) {
  faults.push_back({name, effect, frames, then});
}

/// The service gives the stream up, and says why.
void add_resets(std::vector<Fault>& faults) {
  static constexpr std::pair<std::string_view, std::uint32_t> kCodes[] = {
      {"ResetsWithNoError", NGHTTP2_NO_ERROR},
      {"ResetsWithProtocolError", NGHTTP2_PROTOCOL_ERROR},
      {"ResetsWithInternalError", NGHTTP2_INTERNAL_ERROR},
      {"ResetsWithFlowControlError", NGHTTP2_FLOW_CONTROL_ERROR},
      {"ResetsWithSettingsTimeout", NGHTTP2_SETTINGS_TIMEOUT},
      {"ResetsWithStreamClosed", NGHTTP2_STREAM_CLOSED},
      {"ResetsWithFrameSizeError", NGHTTP2_FRAME_SIZE_ERROR},
      {"ResetsWithCancel", NGHTTP2_CANCEL},
      {"ResetsWithCompressionError", NGHTTP2_COMPRESSION_ERROR},
      {"ResetsWithConnectError", NGHTTP2_CONNECT_ERROR},
      {"ResetsWithEnhanceYourCalm", NGHTTP2_ENHANCE_YOUR_CALM},
      {"ResetsWithInadequateSecurity", NGHTTP2_INADEQUATE_SECURITY},
      {"ResetsWithHttp11Required", NGHTTP2_HTTP_1_1_REQUIRED},
      {"ResetsWithUnknownCode", 0xfefe},
  };
  for (const auto& [name, code] : kCodes) {
    faults.push_back({name, Effect::ends, [code = code](H2Wire&, std::int32_t id) {
                        return H2Wire::rst_stream(id, code);
                      }});
  }
  add(faults, "RefusesTheStream", Effect::not_processed,
      [](H2Wire&, std::int32_t id) { return H2Wire::rst_stream(id, NGHTTP2_REFUSED_STREAM); });
}

/// The service gives the connection up in order: this stream is among those that it has seen, or
/// is not.
void add_goaways(std::vector<Fault>& faults) {
  static constexpr std::pair<std::string_view, std::uint32_t> kExcluding[] = {
      {"GoesAwayWithoutTheStream", NGHTTP2_NO_ERROR},
      {"GoesAwayWithoutTheStreamOnInternalError", NGHTTP2_INTERNAL_ERROR},
      {"GoesAwayWithoutTheStreamOnEnhanceYourCalm", NGHTTP2_ENHANCE_YOUR_CALM}};
  for (const auto& [name, code] : kExcluding) {
    faults.push_back({name, Effect::not_processed, [code = code](H2Wire&, std::int32_t id) {
                        return H2Wire::goaway(std::max(0, id - 2), code);
                      }});
  }
  static constexpr std::pair<std::string_view, std::uint32_t> kIncluding[] = {
      {"GoesAwayWithTheStreamAndEnds", NGHTTP2_NO_ERROR},
      {"GoesAwayWithTheStreamOnErrorAndEnds", NGHTTP2_INTERNAL_ERROR},
      {"GoesAwayWithTheStreamOnProtocolErrorAndEnds", NGHTTP2_PROTOCOL_ERROR}};
  for (const auto& [name, code] : kIncluding) {
    faults.push_back({name, Effect::ends,
                      [code = code](H2Wire&, std::int32_t id) { return H2Wire::goaway(id, code); },
                      Then::ends});
  }
}

/// What breaks the connection, whatever the stream is at (RFC 9113 section 5.4.1).
void add_connection_errors(std::vector<Fault>& faults) {
  const auto breaks = [&](std::string_view name, Frames frames) {
    add(faults, name, Effect::malformed, frames);
  };
  breaks("SendsGarbage", [](H2Wire&, std::int32_t) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  breaks("SendsBrokenFieldBlock", [](H2Wire&, std::int32_t id) {
    return H2Wire::frame(NGHTTP2_HEADERS, kEndHeaders, id, "\x80");
  });
  breaks("SendsFrameThatIsTooLarge", [](H2Wire&, std::int32_t id) {
    return H2Wire::frame(NGHTTP2_HEADERS, kEndHeaders, id, std::string(16385, '\x82'));
  });
  breaks("SendsPingOfWrongSize",
         [](H2Wire&, std::int32_t) { return H2Wire::frame(NGHTTP2_PING, 0, 0, "short"); });
  breaks("SendsPingOnStream",
         [](H2Wire&, std::int32_t id) { return H2Wire::frame(NGHTTP2_PING, 0, id, "12345678"); });
  breaks("SendsPromise", [](H2Wire&, std::int32_t id) {
    return H2Wire::frame(NGHTTP2_PUSH_PROMISE, kEndHeaders, id, std::string("\0\0\0\x2\x82", 5));
  });
  breaks("SendsContinuationOfNothing", [](H2Wire&, std::int32_t id) {
    return H2Wire::frame(NGHTTP2_CONTINUATION, kEndHeaders, id, "\x88");
  });
  breaks("SendsHeadOnConnection", [](H2Wire&, std::int32_t) {
    return H2Wire::frame(NGHTTP2_HEADERS, kEndHeaders, 0, "\x88");
  });
  breaks("SendsHeadOnStreamOfItsOwn", [](H2Wire& wire, std::int32_t) {
    return wire.headers(2, {{":status", "200"}}, true);
  });
  breaks("SendsHeadOnIdleStream", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id + 2, {{":status", "200"}}, true);
  });
  breaks("SendsDataOnConnection",
         [](H2Wire&, std::int32_t) { return H2Wire::data(0, "hello", false); });
  breaks("SendsDataOnIdleStream",
         [](H2Wire&, std::int32_t id) { return H2Wire::data(id + 2, "hello", false); });
  breaks("ResetsIdleStream",
         [](H2Wire&, std::int32_t id) { return H2Wire::rst_stream(id + 2, NGHTTP2_CANCEL); });
  breaks("ResetsConnection",
         [](H2Wire&, std::int32_t) { return H2Wire::rst_stream(0, NGHTTP2_CANCEL); });
  breaks("SendsResetOfWrongSize",
         [](H2Wire&, std::int32_t id) { return H2Wire::frame(NGHTTP2_RST_STREAM, 0, id, "abc"); });
  breaks("SendsSettingsOfWrongSize",
         [](H2Wire&, std::int32_t) { return H2Wire::frame(NGHTTP2_SETTINGS, 0, 0, "short"); });
  breaks("SendsSettingsOnStream",
         [](H2Wire&, std::int32_t id) { return H2Wire::frame(NGHTTP2_SETTINGS, 0, id, ""); });
  breaks("SendsAcknowledgementWithSettings", [](H2Wire&, std::int32_t) {
    return H2Wire::frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, std::string(6, '\0'));
  });
  breaks("SetsWindowBeyondTheLimit", [](H2Wire&, std::int32_t) {
    return H2Wire::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000U}});
  });
  breaks("SetsFrameSizeBelowTheLimit", [](H2Wire&, std::int32_t) {
    return H2Wire::settings({{NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 1}});
  });
  breaks("RaisesConnectionWindowBeyondTheLimit",
         [](H2Wire&, std::int32_t) { return H2Wire::window_update(0, 0x7fffffff); });
  breaks("RaisesConnectionWindowByNothing",
         [](H2Wire&, std::int32_t) { return H2Wire::window_update(0, 0); });
  breaks("SendsWindowUpdateOfWrongSize",
         [](H2Wire&, std::int32_t) { return H2Wire::frame(NGHTTP2_WINDOW_UPDATE, 0, 0, "abc"); });
  breaks("SendsGoawayOfWrongSize",
         [](H2Wire&, std::int32_t) { return H2Wire::frame(NGHTTP2_GOAWAY, 0, 0, "short"); });
  breaks("SendsGoawayOnStream", [](H2Wire&, std::int32_t id) {
    return H2Wire::frame(NGHTTP2_GOAWAY, 0, id, std::string(8, '\0'));
  });
}

/// What is no answer, where one is due (RFC 9113 section 8.1.1).
void add_bad_heads(std::vector<Fault>& faults) {
  const auto breaks = [&](std::string_view name, Frames frames) {
    add(faults, name, Effect::malformed, frames);
  };
  breaks("SendsNoStatus", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{"x-odd", "a"}}, true);
  });
  breaks("SendsTwoStatuses", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "200"}, {":status", "200"}}, true);
  });
  breaks("SendsStatusOfLetters", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "abc"}}, true);
  });
  breaks("SwitchesProtocols", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "101"}}, false);
  });
  breaks("SendsConnectionField", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "200"}, {"connection", "close"}}, true);
  });
  breaks("SendsUpperCase", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "200"}, {"X-Odd", "a"}}, true);
  });
  breaks("SendsNulInTheHead", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "200"}, {"x-odd", std::string("a\0b", 3)}}, true);
  });
  breaks("SendsLengthAndNoBody", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "200"}, {"content-length", "5"}}, true);
  });
  breaks("SendsTwoLengths", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "200"}, {"content-length", "0"}, {"content-length", "0"}},
                        true);
  });
  breaks("SendsInterimAnswerThatEnds", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "103"}}, true);
  });
  breaks("SendsBodyBeforeTheHead",
         [](H2Wire&, std::int32_t id) { return H2Wire::data(id, "hello", true); });
  breaks("SendsHeadThatIsTooLarge", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "200"}, {"x-odd", std::string(70'000, 'x')}}, true);
  });
  breaks("SendsTooManyFields", [](H2Wire& wire, std::int32_t id) {
    H2Wire::Fields fields(101, {"x-odd", "a"});
    fields.insert(fields.begin(), {":status", "200"});
    return wire.headers(id, fields, true);
  });
}

/// What is no body, or not the one that the head told of.
void add_bad_bodies(std::vector<Fault>& faults) {
  const auto breaks = [&](std::string_view name, Frames frames) {
    add(faults, name, Effect::malformed, frames);
  };
  breaks("EndsBeforeItsLength",
         [](H2Wire&, std::int32_t id) { return H2Wire::data(id, "hello", true); });
  breaks("SendsMoreThanItsLength", [](H2Wire&, std::int32_t id) {
    return H2Wire::data(id, std::string(kPromised, 'x'), true);
  });
  breaks("SendsTrailersWithStatus", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{":status", "200"}}, true);
  });
  breaks("SendsTrailersThatDoNotEnd", [](H2Wire& wire, std::int32_t id) {
    return wire.headers(id, {{"x-sum", "1"}}, false);
  });
  breaks("SendsPaddingThatIsTooLong", [](H2Wire&, std::int32_t id) {
    return H2Wire::frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, id,
                         "\x9"
                         "hello");
  });
}

/// GOAWAY does not end what it includes.
void add_orderly_goaway(std::vector<Fault>& faults) {
  Fault fault{"GoesAwayAndAnswers", Effect::none, [](H2Wire& wire, std::int32_t id) {
                return H2Wire::goaway(id, NGHTTP2_NO_ERROR) +
                       wire.headers(id, {{":status", "200"}}, false) +
                       H2Wire::data(id, "hello", true);
              }};
  fault.body = "hello";
  faults.push_back(std::move(fault));
}

}  // namespace

std::vector<Fault> h2_faults(Stage stage) {
  std::vector<Fault> faults;
  switch (stage) {
    case Stage::unread:
      add(faults, "SendsGarbage", Effect::malformed,
          [](H2Wire&, std::int32_t) { return std::string("HTTP/1.1 400 Bad Request\r\n\r\n"); });
      add(faults, "SendsNoSettingsFirst", Effect::malformed,
          [](H2Wire&, std::int32_t) { return H2Wire::ping(); });
      break;
    case Stage::part_of_request:
    case Stage::whole_request:
    case Stage::after_continue:
    case Stage::after_hints:
      add_resets(faults);
      add_goaways(faults);
      add_orderly_goaway(faults);
      add_connection_errors(faults);
      add_bad_heads(faults);
      break;
    case Stage::part_of_head:
      add(faults, "SendsPingInBetween", Effect::malformed,
          [](H2Wire&, std::int32_t) { return H2Wire::ping(); });
      add(faults, "ContinuesAnotherStream", Effect::malformed, [](H2Wire&, std::int32_t id) {
        return H2Wire::frame(NGHTTP2_CONTINUATION, kEndHeaders, id + 2, "\x88");
      });
      break;
    case Stage::error_body:
    case Stage::unavailable_body:
    case Stage::body:
      add_resets(faults);
      add_goaways(faults);
      add_connection_errors(faults);
      add_bad_bodies(faults);
      break;
    case Stage::end_of_body:
      add_resets(faults);
      add_goaways(faults);
      add_connection_errors(faults);
      break;
    case Stage::idle:
      add(faults, "GoesAway", Effect::none,
          [](H2Wire&, std::int32_t id) { return H2Wire::goaway(id, NGHTTP2_NO_ERROR); });
      add(
          faults, "GoesAwayAndEnds", Effect::none,
          [](H2Wire&, std::int32_t id) { return H2Wire::goaway(id, NGHTTP2_NO_ERROR); },
          Then::ends);
      add(
          faults, "GoesAwayOnErrorAndEnds", Effect::none,
          [](H2Wire&, std::int32_t id) { return H2Wire::goaway(id, NGHTTP2_ENHANCE_YOUR_CALM); },
          Then::ends);
      add(faults, "SendsPing", Effect::none, [](H2Wire&, std::int32_t) { return H2Wire::ping(); });
      break;
    case Stage::connecting:
    case Stage::handshake:
    case Stage::chunks:
    case Stage::body_until_close:
      break;
  }
  return faults;
}

std::string h2_prelude(Stage stage, H2Wire& wire, std::int32_t stream) {
  const auto half = [&](const char* status, bool of_length = true) {
    H2Wire::Fields fields{{":status", status}, {"retry-after", "17"}};
    if (of_length) fields.emplace_back("content-length", std::to_string(kPromised));
    return wire.headers(stream, fields, false) + H2Wire::data(stream, kHalf, false);
  };
  switch (stage) {
    case Stage::after_continue:
      return wire.headers(stream, {{":status", "100"}}, false);
    case Stage::after_hints:
      return wire.headers(stream, {{":status", "103"}, {"link", "</style.css>"}}, false);
    case Stage::part_of_head:
      return wire.unfinished_headers(stream, {{":status", "200"}});
    case Stage::error_body:
      return half("500");
    case Stage::unavailable_body:
      return half("503");
    case Stage::body:
      return half("200");
    case Stage::end_of_body:
      return half("200", /*of_length=*/false);
    case Stage::connecting:
    case Stage::handshake:
    case Stage::unread:
    case Stage::part_of_request:
    case Stage::whole_request:
    case Stage::chunks:
    case Stage::body_until_close:
    case Stage::idle:
      return {};
  }
  return {};
}

}  // namespace trackly::test
