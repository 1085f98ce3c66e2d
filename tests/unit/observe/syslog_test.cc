// Messages of RFC 5424, and the daemons that they go to.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "gateway/observe/log_writer.h"
#include "gateway/observe/syslog_message.h"
#include "gateway/observe/syslog_sink.h"
#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"

namespace trackly::observe {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::MatchesRegex;

const WallTime kTime{1741944413589ms};

std::string message(std::string_view line, const SyslogSettings& settings = {},
                    std::string_view host = "edge-1") {
  return std::string(SyslogMessage(settings, host, 4711).of(line, kTime));
}

SyslogSettings labelled(std::uint8_t facility, std::uint8_t severity) {
  SyslogSettings settings;
  settings.facility = facility;
  settings.severity = severity;
  return settings;
}

TEST(SyslogMessage, IsThatOfRfc5424) {
  EXPECT_EQ(
      message(R"({"status":200})"),
      R"(<190>1 2025-03-14T09:26:53.589Z edge-1 trackly-gateway 4711 access - {"status":200})");
}

TEST(SyslogMessage, HasFacilityAndSeverityInItsPriority) {
  EXPECT_THAT(message("x", labelled(0, 0)), testing::StartsWith("<0>1 "));
  EXPECT_THAT(message("x", labelled(16, 4)), testing::StartsWith("<132>1 "));
}

TEST(SyslogMessage, HasAHyphenForAHostWithoutAName) {
  EXPECT_THAT(message("x", {}, ""), testing::HasSubstr("Z - trackly-gateway "));
  EXPECT_THAT(message("x", {}, "\xC3\xA9 a"), testing::HasSubstr("Z a trackly-gateway "))
      << "header fields are visible ASCII";
}

TEST(SyslogMessage, IsCutAtItsLimit) {
  SyslogSettings settings;
  settings.max_bytes = 480;
  EXPECT_EQ(message(std::string(10'000, 'x'), settings).size(), 480U);
}

TEST(SyslogMessage, IsNotCutWithinACharacter) {
  const std::size_t header = message("").size();
  SyslogSettings settings;
  for (std::size_t room = 1; room < 8; ++room) {
    settings.max_bytes = header + room;
    const std::string text = message("\u20AC\u20AC\u20AC", settings).substr(header);
    EXPECT_EQ(text, std::string("\u20AC\u20AC\u20AC").substr(0, room / 3 * 3)) << room;
  }
}

// ---------------------------------------------------------------------------------------- daemons

/// A syslog daemon: a datagram socket that is bound while it lives.
class Daemon {
 public:
  /// At a path; the file of one that is gone makes way.
  explicit Daemon(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ::unlink(path.c_str());
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  /// At a UDP port of the system's choice.
  Daemon() : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Daemon() { ::close(fd_); }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }

  /// The text of the next message; empty where none comes.
  std::string receive(int timeout_ms = 20'000) const {
    pollfd state{fd_, POLLIN, 0};
    if (::poll(&state, 1, timeout_ms) <= 0) return {};
    std::array<char, 65536> buffer{};
    const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    const std::string_view datagram(buffer.data(),
                                    static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    const std::size_t text = datagram.find(" access - ");
    return text == std::string_view::npos ? "no message: " + std::string(datagram)
                                          : std::string(datagram.substr(text + 10));
  }

 private:
  int fd_;
};

SyslogSettings at_path(const std::string& path) {
  SyslogSettings settings;
  settings.unix_path = path;
  return settings;
}

SyslogSettings at_port(std::uint16_t port) {
  SyslogSettings settings;
  settings.unix_path.clear();
  settings.host = "127.0.0.1";
  settings.port = port;
  return settings;
}

std::unique_ptr<LogWriter> writer_to(const SyslogSettings& settings) {
  auto writer = LogWriter::start(
      {.target = {.path = {}, .syslog = settings},
       .buffer_bytes = 64 * 1024,
       .lost_line = [](std::uint64_t lost) { return "lost " + std::to_string(lost) + "\n"; }});
  EXPECT_TRUE(writer.ok()) << writer.error().text;
  return std::move(writer).value();
}

TEST(Syslog, GetsAMessageForEachLine) {
  const test::TempDir directory;
  const Daemon daemon(directory / "log");
  const auto writer = writer_to(at_path(directory / "log"));
  writer->write("one\ntwo\n");
  writer->write("three\n");
  for (const char* line : {"one", "two", "three"}) EXPECT_EQ(daemon.receive(), line);
  EXPECT_TRUE(writer->stop(10s));
  EXPECT_EQ(writer->counts().written, 3U);
}

TEST(Syslog, GetsThemOverUdp) {
  const Daemon daemon;
  const auto writer = writer_to(at_port(daemon.port()));
  writer->write("one\ntwo\n");
  EXPECT_EQ(daemon.receive(), "one");
  EXPECT_EQ(daemon.receive(), "two");
}

TEST(Syslog, ThatRestartsGetsTheLinesThatWaitedForIt) {
  const test::TempDir directory;
  auto daemon = std::make_unique<Daemon>(directory / "log");
  const auto writer = writer_to(at_path(directory / "log"));
  writer->write("before\n");
  EXPECT_EQ(daemon->receive(), "before");
  daemon.reset();
  writer->write("meanwhile\n");
  const Daemon restarted(directory / "log");
  EXPECT_EQ(restarted.receive(), "meanwhile");
  EXPECT_TRUE(writer->stop(10s));
  EXPECT_EQ(writer->lost(), 0U);
}

TEST(Syslog, MayStartAfterTheGateway) {
  const test::TempDir directory;
  const auto writer = writer_to(at_path(directory / "log"));
  writer->write("early\n");
  const Daemon daemon(directory / "log");
  EXPECT_EQ(daemon.receive(), "early");
  EXPECT_TRUE(writer->stop(10s));
}

TEST(Syslog, ThatDoesNotReadCostsLinesThatAreCountedAndMarked) {
  const test::TempDir directory;
  const Daemon daemon(directory / "log");
  const auto writer = writer_to(at_path(directory / "log"));
  std::uint64_t given = 0;
  for (; writer->lost() < 7; ++given) writer->write(std::string(99, 'x') + "\n");
  std::uint64_t accounted = 0;
  while (accounted < given) {
    const std::string text = daemon.receive();
    ASSERT_FALSE(text.empty());
    accounted += text.starts_with("lost ") ? std::stoull(text.substr(5)) : 1;
  }
  EXPECT_EQ(accounted, given);
  EXPECT_TRUE(writer->stop(10s));
  EXPECT_EQ(writer->counts().written + writer->counts().lost, given);
}

TEST(Syslog, ThatNeverComesDoesNotHoldUpTheEnd) {
  const test::TempDir directory;
  const auto writer = writer_to(at_path(directory / "nobody"));
  writer->write("for nobody\n");
  EXPECT_FALSE(writer->stop(20ms));
  EXPECT_EQ(writer->lost(), 1U);
}

TEST(Syslog, OverUdpHoldsNobodyUpWhereNobodyListens) {
  std::uint16_t port = 0;
  { port = Daemon().port(); }
  const auto writer = writer_to(at_port(port));
  for (int i = 0; i < 100; ++i) writer->write("for nobody\n");
  EXPECT_TRUE(writer->stop(10s)) << "that they did not arrive is not known here";
}

}  // namespace
}  // namespace trackly::observe
