#include <string>

#include "tests/integration/fault_matrix/fault.h"

namespace trackly::test {
namespace {

using namespace std::string_literals;
using Then = Fault::Then;

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kNextAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled";

Fault sends(std::string_view name, Effect effect, std::string bytes, Then then = Then::stays) {
  return {name, effect, [bytes = std::move(bytes)](H2Wire&, std::int32_t) { return bytes; }, then};
}

Fault malformed(std::string_view name, std::string bytes) {
  return sends(name, Effect::malformed, std::move(bytes));
}

/// An answer to the end, with more behind it that is nobody's.
Fault whole(std::string_view name, std::string bytes) {
  Fault fault = sends(name, Effect::none, std::move(bytes));
  fault.body = "hello";
  return fault;
}

std::string many_fields() {
  std::string fields;
  for (int i = 0; i < 101; ++i) fields += "X-Odd: a\r\n";
  return fields;
}

std::vector<Fault> in_place_of_a_head() {
  return {
      malformed("SendsGarbage", "\x01\x02\x03 garbage\r\n\r\n"),
      malformed("SendsHttp09", "<html>hello</html>\r\n\r\n"),
      sends("SendsHttp2AndEnds", Effect::ends, H2Wire::settings(), Then::ends),
      sends("SendsTlsAlertAndEnds", Effect::ends, "\x15\x03\x03\x00\x02\x02\x28"s, Then::ends),
      malformed("SendsBadStatusLine", "HTTP/1.1 abc OK\r\n\r\n"),
      malformed("SendsNoStatus", "HTTP/1.1\r\n\r\n"),
      malformed("SendsStatusBeyondTheClasses", "HTTP/1.1 600 OK\r\n\r\n"),
      malformed("SwitchesProtocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
      malformed("SendsNulInTheHead", kOk + "X-Odd: a\0b\r\n\r\n"s),
      malformed("SendsFieldWithoutColon", kOk + "X-Odd\r\n\r\n"),
      malformed("SendsFoldedField", kOk + "X-Odd: a\r\n b\r\n\r\n"),
      malformed("SendsHeadThatIsTooLarge", kOk + "X-Odd: " + std::string(70'000, 'x') + "\r\n\r\n"),
      malformed("SendsHeadWithoutEnd", kOk + "X-Odd: " + std::string(70'000, 'x')),
      malformed("SendsTooManyFields", kOk + many_fields() + "Content-Length: 0\r\n\r\n"),
      malformed("SendsLengthAndChunks",
                kOk + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      malformed("SendsTwoLengths", kOk + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
      malformed("SendsNegativeLength", kOk + "Content-Length: -5\r\n\r\nhello"),
      malformed("SendsLengthBeyond64Bits",
                kOk + "Content-Length: 18446744073709551616\r\n\r\nhello"),
      malformed("SendsUnknownCoding", kOk + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
      malformed("SendsMalformedInterimAnswer", "HTTP/1.1 103 Hints\r\nX-Odd : a\r\n\r\n"),
      whole("SendsOneByteMore", kOk + "Content-Length: 5\r\n\r\nhellox"),
      whole("SendsSecondAnswer", kOk + "Content-Length: 5\r\n\r\nhello" + kNextAnswer),
      whole("SendsSecondAnswerAfterChunks",
            kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + kNextAnswer),
      whole("SendsInterimAnswersFirst", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n" +
                                            kOk + "Content-Length: 5\r\n\r\nhello"),
  };
}

std::vector<Fault> in_place_of_a_chunk() {
  return {
      malformed("SendsGarbage", "\x01\x02\x03 garbage\r\n"),
      malformed("SendsSizeOfLetters", "zz\r\nhello\r\n0\r\n\r\n"),
      malformed("SendsSizeBeyond64Bits", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
      malformed("SendsLongerChunk", "5\r\nhello!\r\n0\r\n\r\n"),
      malformed("SendsChunkWithoutEnd", "5\r\nhello0\r\n\r\n"),
      malformed("SendsExtensionWithoutEnd", "5;" + std::string(20'000, 'x')),
      malformed("SendsTrailerThatIsALength", "0\r\nContent-Length: 5\r\n\r\n"),
      malformed("SendsFoldedTrailer", "0\r\nX-Odd: a\r\n b\r\n\r\n"),
      sends("EndsWithinAChunk", Effect::ends, "500\r\nhello", Then::ends),
      sends("EndsWithinTrailers", Effect::ends, "0\r\nX-Odd: a", Then::ends),
  };
}

}  // namespace

std::vector<Fault> h1_faults(Stage stage) {
  switch (stage) {
    case Stage::unread:
    case Stage::part_of_request:
    case Stage::whole_request:
    case Stage::after_continue:
    case Stage::after_hints:
      return in_place_of_a_head();
    case Stage::part_of_head:
      return {malformed("SendsGarbage", "\x01\x02\r\n\r\n"),
              malformed("SendsNul", "h: a\0b\r\n\r\n"s)};
    case Stage::chunks:
    case Stage::end_of_body:
      return in_place_of_a_chunk();
    case Stage::idle:
      return {sends("SendsGarbage", Effect::none, "\x01\x02\x03 garbage\r\n\r\n"),
              sends("SendsUnsolicitedAnswer", Effect::none, kNextAnswer),
              sends("SendsUnsolicitedAnswerAndEnds", Effect::none,
                    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", Then::ends)};
    case Stage::connecting:
    case Stage::handshake:
    case Stage::error_body:
    case Stage::unavailable_body:
    case Stage::body:
    case Stage::body_until_close:
      return {};
  }
  return {};
}

std::string h1_prelude(Stage stage) {
  const std::string of_length =
      "Content-Length: " + std::to_string(kPromised) + "\r\n\r\n" + std::string(kHalf);
  switch (stage) {
    case Stage::after_continue:
      return "HTTP/1.1 100 Continue\r\n\r\n";
    case Stage::after_hints:
      return "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
    case Stage::part_of_head:
      return kOk + "Content-Lengt";
    case Stage::error_body:
      return "HTTP/1.1 500 Failed\r\n" + of_length;
    case Stage::unavailable_body:
      return "HTTP/1.1 503 Failed\r\nRetry-After: 17\r\n" + of_length;
    case Stage::body:
      return kOk + of_length;
    case Stage::chunks:
    case Stage::end_of_body:
      return kOk + "Transfer-Encoding: chunked\r\n\r\n" + http1_chunk(kHalf);
    case Stage::body_until_close:
      return kOk + "Connection: close\r\n\r\n" + std::string(kHalf);
    case Stage::connecting:
    case Stage::handshake:
    case Stage::unread:
    case Stage::part_of_request:
    case Stage::whole_request:
    case Stage::idle:
      return {};
  }
  return {};
}

}  // namespace trackly::test
