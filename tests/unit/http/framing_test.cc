#include "gateway/http/framing.h"

#include <gtest/gtest.h>

namespace trackly::http {
namespace {

using Fields = std::initializer_list<FieldList::Field>;

FieldList fields_of(Fields fields) {
  FieldList list;
  for (const auto& [name, value] : fields) list.add(name, value);
  return list;
}

std::optional<Framing> request_framing(Fields fields, Protocol protocol = Protocol::http11) {
  FieldList list = fields_of(fields);
  return take_request_framing(list, protocol);
}

std::optional<Framing> response_framing(Fields fields, int status, std::string_view method = "GET",
                                        Protocol protocol = Protocol::http11) {
  FieldList list = fields_of(fields);
  return take_response_framing(list, protocol, status, method);
}

TEST(ContentLength, IsDigitsOnly) {
  EXPECT_EQ(parse_content_length("0"), 0u);
  EXPECT_EQ(parse_content_length("00042"), 42u);
  EXPECT_EQ(parse_content_length("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", "+1", "-1", "1 ", " 1", "1,1", "1, 1", "0x1", "1e3", "1.0",
                           "18446744073709551616", "99999999999999999999"}) {
    EXPECT_FALSE(parse_content_length(text)) << text;
  }
}

TEST(RequestFraming, WithoutFieldsIsNoBody) {
  const auto framing = request_framing({});
  ASSERT_TRUE(framing);
  EXPECT_EQ(framing->body.kind, BodyLength::Kind::none);
  EXPECT_FALSE(framing->close);
}

TEST(RequestFraming, TakesOneContentLength) {
  const auto framing = request_framing({{"content-length", "5"}});
  ASSERT_TRUE(framing);
  EXPECT_EQ(framing->body.kind, BodyLength::Kind::known);
  EXPECT_EQ(framing->body.bytes, 5u);
}

TEST(RequestFraming, RefusesEveryAmbiguousLength) {
  EXPECT_FALSE(request_framing({{"Content-Length", "5"}, {"Content-Length", "6"}}));
  EXPECT_FALSE(request_framing({{"Content-Length", "5"}, {"content-length", "5"}}));
  EXPECT_FALSE(request_framing({{"Content-Length", "5, 5"}}));
  EXPECT_FALSE(request_framing({{"Content-Length", ""}}));
  EXPECT_FALSE(request_framing({{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}));
  EXPECT_FALSE(request_framing({{"Transfer-Encoding", "gzip"}}));
  EXPECT_FALSE(request_framing({{"Transfer-Encoding", "gzip, chunked"}}));
  EXPECT_FALSE(request_framing({{"Transfer-Encoding", "chunked, chunked"}}));
  EXPECT_FALSE(
      request_framing({{"Transfer-Encoding", "chunked"}, {"transfer-encoding", "chunked"}}));
  EXPECT_FALSE(request_framing({{"Transfer-Encoding", "\"chunked\""}}));
  EXPECT_FALSE(request_framing({{"Transfer-Encoding", "chunked;q=1"}}));
  EXPECT_FALSE(request_framing({{"Transfer-Encoding", "identity"}}));
  EXPECT_FALSE(request_framing({{"Transfer-Encoding", ""}}));
}

TEST(RequestFraming, OfHttp10HasNoTransferCodings) {
  EXPECT_FALSE(request_framing({{"Transfer-Encoding", "chunked"}}, Protocol::http10));
}

TEST(RequestFraming, KnowsWhenTheConnectionEnds) {
  EXPECT_TRUE(request_framing({{"Connection", "foo, Close"}})->close);
  EXPECT_TRUE(request_framing({{"Connection", "foo"}, {"Connection", "close"}})->close);
  EXPECT_FALSE(request_framing({{"Connection", "closed"}})->close);
  EXPECT_TRUE(request_framing({}, Protocol::http10)->close);
  EXPECT_FALSE(request_framing({{"Connection", "keep-alive"}}, Protocol::http10)->close);
  EXPECT_FALSE(request_framing({{"Connection", "clo se"}}));
}

TEST(RequestFraming, RemovesWhatBelongsToTheConnection) {
  FieldList fields = fields_of({{"Connection", "X-Hop, host, close"},
                                {"X-Hop", "1"},
                                {"x-hop", "2"},
                                {"Keep-Alive", "timeout=5"},
                                {"Proxy-Connection", "close"},
                                {"TE", "trailers"},
                                {"Upgrade", "h2c"},
                                {"HTTP2-Settings", "AAMAAABkAAQAAP__"},
                                {"Content-Length", "0"},
                                {"Trailer", "X-Sum"},
                                {"Host", "a"},
                                {"X-End", "3"}});
  ASSERT_TRUE(take_request_framing(fields, Protocol::http11));
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_TRUE(fields.find("trailer"));
  EXPECT_TRUE(fields.find("host")) << "Connection may not name it away";
  EXPECT_TRUE(fields.find("x-end"));
}

TEST(ResponseFraming, HasNoBodyWhereTheStatusOrTheMethodSaysSo) {
  for (const int status : {100, 103, 204, 304}) {
    EXPECT_EQ(response_framing({{"Content-Length", "5"}}, status)->body.kind,
              BodyLength::Kind::none)
        << status;
  }
  const auto head = response_framing({{"Content-Length", "5"}}, 200, "HEAD");
  EXPECT_EQ(head->body.kind, BodyLength::Kind::none);
  EXPECT_EQ(head->content_length, 5u);
}

TEST(ResponseFraming, WithoutLengthEndsWithTheConnection) {
  const auto framing = response_framing({}, 200);
  EXPECT_EQ(framing->body.kind, BodyLength::Kind::until_close);
  EXPECT_TRUE(framing->close);
}

TEST(ResponseFraming, RefusesWhatARequestMayNotHaveEither) {
  EXPECT_FALSE(response_framing({{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, 200));
  EXPECT_FALSE(response_framing({{"Transfer-Encoding", "gzip, chunked"}}, 200));
  EXPECT_FALSE(response_framing({{"Transfer-Encoding", "chunked"}}, 200, "GET", Protocol::http10));
}

TEST(Host, IsNeededOnceFromHttp11On) {
  FieldList none;
  EXPECT_FALSE(take_host(none, Protocol::http11));
  EXPECT_EQ(take_host(none, Protocol::http10), "");
  FieldList two = fields_of({{"Host", "a"}, {"host", "a"}});
  EXPECT_FALSE(take_host(two, Protocol::http11));
  FieldList one = fields_of({{"Host", "a:80"}});
  EXPECT_EQ(take_host(one, Protocol::http11), "a:80");
  EXPECT_TRUE(one.empty());
}

TEST(Authority, IsAHostAndPerhapsAPort) {
  for (const char* text :
       {"", "a", "a.b-c_d:8080", "127.0.0.1", "[::1]", "[::1]:80", "a:", "a:65535", "%41"}) {
    EXPECT_TRUE(is_authority(text)) << text;
  }
  for (const char* text : {"a b", "user@a", "a/b", "a:b", "a:65536", ":80", ":", "[::1", "::1]",
                           "a#", "a?", "a\\b", "a%4", "a%zz", "[::1]x", "a:80:80", "<a>"}) {
    EXPECT_FALSE(is_authority(text)) << text;
  }
}

TEST(FieldSyntax, TellsTokensAndValues) {
  EXPECT_TRUE(is_token("X-A!#$%&'*+.^_`|~9"));
  for (const char* text : {"", "a b", "a:", "a\t", "\"a\"", "\xc3\xa4", "a(b)"}) {
    EXPECT_FALSE(is_token(text)) << text;
  }
  EXPECT_TRUE(is_field_value("a\tb \xff~"));
  for (const std::string_view text : {std::string_view("a\r"), std::string_view("a\nb"),
                                      std::string_view("\0", 1), std::string_view("\x7f")}) {
    EXPECT_FALSE(is_field_value(text));
  }
}

TEST(Trailers, MayNotFrameRouteOrAuthorise) {
  EXPECT_TRUE(is_trailer_field("X-Checksum"));
  for (const char* name : {"Content-Length", "transfer-encoding", "HOST", "Connection", "TE",
                           "Authorization", "Content-Type", "Trailer"}) {
    EXPECT_FALSE(is_trailer_field(name)) << name;
  }
}

}  // namespace
}  // namespace trackly::http
