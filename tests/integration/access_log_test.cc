// The access log of the real program: how it looks, where it goes, and its own account.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>

#include "tests/support/gateway.h"
#include "tests/support/metrics_page.h"
#include "tests/support/patience.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/temp_dir.h"

namespace trackly::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

/// `more` is the inside of `access_log: {…}`.
GatewayConfig with_log(const std::string& settings, const std::string& upstream = {}) {
  GatewayConfig config;
  if (!upstream.empty()) config.upstream = upstream;
  config.more = "access_log: {" + settings + "}\n" + std::string(kAdmin);
  return config;
}

// ----------------------------------------------------------------------------------------- formats

TEST(AccessLog, IsWrittenAsApacheDoes) {
  const Service service(Upstream::h1);
  Gateway gateway(with_log("format: combined", service.url()));
  CurlRequest request = send_message();
  request.fields.emplace_back("User-Agent: tool/1 \"quoted\"");
  EXPECT_EQ(gateway.request(Downstream::h2, request).status(), 200);
  const auto line = gateway.process().wait_for_out("tool/1");
  ASSERT_TRUE(line);
  EXPECT_THAT(*line, MatchesRegex("127\\.0\\.0\\.1 - acct_active \\[[0-9]+/[A-Z][a-z]+/[0-9:]+ "
                                  "\\+0000\\] \"POST /api/v2/send HTTP/2\\.0\" 200 [0-9]+ \"-\" "
                                  "\"tool/1 \\\\\"quoted\\\\\"\""));
}

TEST(AccessLog, IsWrittenAsATemplateSays) {
  Gateway gateway(with_log("format: '%{status} %{code} by %{refused_by}: %{method} %{path}'"));
  EXPECT_EQ(gateway.request(Downstream::h1, {.path = "/api/v2/lists"}).status(), 401);
  EXPECT_EQ(gateway.process().wait_for_out("/api/v2/lists"),
            "401 missing_api_key by api_key: GET /api/v2/lists");
}

TEST(AccessLog, OfAFieldThatDoesNotExistEndsTheStart) {
  const TempDir directory;
  const CommandResult run_of =
      run({gateway_program(), "check", "--config",
           write_config(directory, with_log("format: '%{time} %{pathh}'"))});
  EXPECT_EQ(run_of.exit_code, 1);
  EXPECT_THAT(run_of.out + run_of.err,
              HasSubstr("format: unknown field \"pathh\"; did you mean \"path\"?"));
}

// ------------------------------------------------------------------------------------------ syslog

/// A syslog daemon at a path of its own.
class SyslogDaemon {
 public:
  explicit SyslogDaemon(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ::unlink(path.c_str());
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~SyslogDaemon() { ::close(fd_); }
  SyslogDaemon(const SyslogDaemon&) = delete;
  SyslogDaemon& operator=(const SyslogDaemon&) = delete;

  /// The next datagram; empty where none comes.
  std::string receive() const {
    std::array<char, 16384> buffer{};
    const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    return std::string(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }

 private:
  int fd_;
};

TEST(AccessLog, GoesToSyslogAlsoAfterItRestarted) {
  const TempDir directory;
  const std::string path = directory / "log";
  Gateway gateway(
      with_log("syslog: {address: 'unix:" + path + "', facility: daemon, app_name: edge}"));
  for (int life = 0; life < 3; ++life) {
    // The first one starts after the gateway.
    EXPECT_EQ(gateway.request(Downstream::h1, {.path = "/nowhere"}).status(), 404);
    const SyslogDaemon daemon(path);
    EXPECT_THAT(daemon.receive(),
                MatchesRegex("<30>1 [-0-9]+T[0-9:.]+Z [!-~]+ edge [0-9]+ access - "
                             "\\{\"time\":.*\"status\":404,.*\\}"));
  }
  EXPECT_EQ(gateway.stop(), 0);
  EXPECT_THAT(gateway.process().err(), testing::Not(HasSubstr("lost")));
}

// ------------------------------------------------------------------------------------- its account

/// Of every request that ended, as /metrics has it.
struct Account {
  double requests, written, lost, sampled_out, waiting;
  double sum() const { return written + lost + sampled_out + waiting; }
};

Account account_of(std::uint16_t admin) {
  const MetricsPage page = scrape(admin);
  return {.requests = page.sum_of("requests_total"),
          .written = page[R"(access_log_lines_total{outcome="written"})"],
          .lost = page[R"(access_log_lines_total{outcome="lost"})"],
          .sampled_out = page[R"(access_log_lines_total{outcome="sampled_out"})"],
          .waiting = page["access_log_lines_waiting"]};
}

/// When all of them have ended, and `settled` says so.
template <class Condition>
Account account_when(std::uint16_t admin, double requests, Condition settled) {
  Account account{};
  EXPECT_TRUE(eventually([&] {
    account = account_of(admin);
    return account.requests >= requests && settled(account);
  })) << "written "
      << account.written << ", lost " << account.lost << ", sampled out " << account.sampled_out
      << ", waiting " << account.waiting << ", requests " << account.requests;
  EXPECT_EQ(account.sum(), account.requests);
  return account;
}

bool nothing_waits(const Account& account) { return account.waiting == 0; }

/// So many requests, all to be answered.
void ask(const Gateway& gateway, int times, const std::string& path = "/nowhere",
         const std::vector<std::string>& options = {}) {
  std::vector<std::string> command = {"h2load", "-n", std::to_string(times), "-c", "4", "-m", "8"};
  command.insert(command.end(), options.begin(), options.end());
  command.push_back("http://127.0.0.1:" + std::to_string(gateway.port()) + path);
  const CommandResult result = run(command);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr(" 0 errored, 0 timeout")) << result.out;
}

/// Lines of a log's text, and those that its marks say are missing.
struct LinesOfText {
  double lines = 0, missing = 0;
};

LinesOfText lines_of(const std::string& text) {
  LinesOfText found;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    const LogLine line(text.substr(at, end - at));
    if (line.has("/lost")) {
      found.missing += std::stod(line["/lost"]);
    } else {
      EXPECT_TRUE(line.has("/duration_ms")) << line.json();
      ++found.lines;
    }
  }
  return found;
}

/// A named pipe that nobody reads until it is asked for its text.
class FullPipe {
 public:
  explicit FullPipe(const std::string& path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    EXPECT_GT(::fcntl(fd_, F_SETPIPE_SZ, 4096), 0);
  }
  ~FullPipe() { ::close(fd_); }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;

  /// What it holds; its writer may go on with that much.
  std::string read() const {
    std::array<char, 65536> buffer{};
    const ssize_t size = ::read(fd_, buffer.data(), buffer.size());
    return std::string(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }

 private:
  int fd_ = -1;
};

TEST(AccountOfTheLog, AddsUpWhileAPipeIsFullAndAfterwards) {
  const TempDir directory;
  const FullPipe pipe(directory / "log");
  Gateway gateway(with_log("path: '" + directory / "log" + "', buffer_bytes: 64KiB"));
  const std::uint16_t admin = admin_port(gateway);
  ask(gateway, 2000);
  const Account full = account_when(
      admin, 2000, [](const Account& account) { return account.waiting > 0 && account.lost > 0; });
  EXPECT_EQ(full.sampled_out, 0);
  EXPECT_TRUE(gateway.process().wait_for_err("lines lost: it is too slow"));

  std::string text;
  const Account read = account_when(admin, 2000, [&](const Account& account) {
    text += pipe.read();
    return account.waiting == 0;
  });
  ask(gateway, 4);  // the last losses are marked at the latest with the next line
  account_when(admin, 2004, [&](const Account& account) {
    text += pipe.read();
    return account.waiting == 0;
  });
  const LinesOfText found = lines_of(text + pipe.read());
  EXPECT_EQ(found.lines, read.written + 4);
  EXPECT_EQ(found.missing, read.lost) << "what is missing is marked";
}

TEST(AccountOfTheLog, AddsUpWhereTheProgramEndsWithAFullPipe) {
  const TempDir directory;
  const FullPipe pipe(directory / "log");
  Gateway gateway(with_log("path: '" + directory / "log" + "', buffer_bytes: 64KiB"));
  ask(gateway, 60);
  EXPECT_EQ(gateway.stop(), 0);
  const auto line = gateway.process().wait_for_err(" lines lost at the end");
  ASSERT_TRUE(line);
  const double lost = std::stod(line->substr(line->rfind(": ") + 2));
  EXPECT_EQ(lines_of(pipe.read()).lines + lost, 60);
}

TEST(AccountOfTheLog, GoesOnWhenAReloadReplacesAFullPipe) {
  const TempDir directory;
  const FullPipe pipe(directory / "log");
  Gateway gateway(with_log("path: '" + directory / "log" + "', buffer_bytes: 64KiB"));
  const std::uint16_t admin = admin_port(gateway);
  ask(gateway, 2000);
  const Account full =
      account_when(admin, 2000, [](const Account& account) { return account.lost > 0; });
  ASSERT_TRUE(gateway.reload(with_log("format: '%{status}'")));
  ask(gateway, 10);
  const Account replaced = account_when(admin, 2010, nothing_waits);
  EXPECT_EQ(replaced.written, full.written + 10);
  EXPECT_EQ(replaced.lost, full.lost + full.waiting) << "what waited for the old log";
  ASSERT_TRUE(gateway.reload(with_log("path: off")));
  ask(gateway, 10);
  EXPECT_TRUE(eventually([&] { return account_of(admin).requests == 2020; }));
  EXPECT_EQ(account_of(admin).sum(), 2010);
  EXPECT_TRUE(eventually([&] { return gateway.process().out().size() == 40; }));
}

TEST(AccessLog, ThatStaysTheSameIsNotInterruptedByAReload) {
  const TempDir directory;
  const std::string path = directory / "access.log";
  Gateway gateway(with_log("path: '" + path + "'"));
  ask(gateway, 10);
  ASSERT_TRUE(
      gateway.reload(with_log("path: '" + path + "', format: json, sample_successes: 0.5")));
  ask(gateway, 10);
  EXPECT_EQ(gateway.stop(), 0);
  EXPECT_EQ(lines_of(read_file(path)).lines, 20);
}

TEST(AccountOfTheLog, AddsUpWithAFullDisk) {
  Gateway gateway(with_log("path: /dev/full"));
  ask(gateway, 1000);
  const Account account = account_when(admin_port(gateway), 1000, nothing_waits);
  EXPECT_EQ(account.lost, 1000);
  EXPECT_TRUE(gateway.process().wait_for_err("lines lost: No space left on device"));
}

/// A file system of its own of 64 KiB, where the machine lets a test have one.
class TinyDisk {
 public:
  explicit TinyDisk(const TempDir& directory) : path_(directory / "disk") {
    std::filesystem::create_directory(path_);
    is_there_ = ::mount("none", path_.c_str(), "tmpfs", 0, "size=64k") == 0;
  }
  ~TinyDisk() {
    if (is_there_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  TinyDisk(const TinyDisk&) = delete;
  TinyDisk& operator=(const TinyDisk&) = delete;

  bool is_there() const { return is_there_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  bool is_there_ = false;
};

TEST(AccountOfTheLog, AddsUpWithADiskThatFillsUpAndIsCleared) {
  const TempDir directory;
  const TinyDisk disk(directory);
  if (!disk.is_there()) GTEST_SKIP() << "may not mount a file system";
  Gateway gateway(with_log("path: '" + disk / "log" + "'"));
  const std::uint16_t admin = admin_port(gateway);
  ask(gateway, 1000);
  const Account full = account_when(admin, 1000, nothing_waits);
  EXPECT_GT(full.written, 0);
  EXPECT_GT(full.lost, 0);
  const std::string before = read_file(disk / "log");

  std::filesystem::remove(disk / "log");
  gateway.process().signal(SIGUSR1);
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(disk / "log"); }));
  ask(gateway, 10);
  const Account cleared = account_when(admin, 1010, nothing_waits);
  EXPECT_EQ(cleared.written, full.written + 10);
  EXPECT_EQ(gateway.stop(), 0);
  const LinesOfText after = lines_of(read_file(disk / "log"));
  EXPECT_EQ(after.lines, 10);
  EXPECT_EQ(after.missing, full.lost);
  // The line at which the disk was full is a torso.
  EXPECT_EQ(lines_of(before).lines, full.written);
}

TEST(AccountOfTheLog, AddsUpWithASampleOfTheSuccesses) {
  const Service service(Upstream::h1);
  Gateway gateway(with_log("sample_successes: 0.1", service.url()));
  const std::uint16_t admin = admin_port(gateway);
  ask(gateway, 1000, "/api/v2/lists", {"-H", key_field()});
  ask(gateway, 50);
  const Account account = account_when(admin, 1050, nothing_waits);
  EXPECT_GT(account.sampled_out, 800);
  EXPECT_LT(account.sampled_out, 980);
  EXPECT_EQ(account.lost, 0);
  EXPECT_TRUE(
      eventually([&] { return static_cast<double>(gateway.log().size()) == account.written; }));
  const std::vector<LogLine> log = gateway.log();
  EXPECT_EQ(std::count_if(log.begin(), log.end(),
                          [](const LogLine& line) { return line["/status"] == "404"; }),
            50)
      << "refusals are always written";
}

TEST(AccountOfTheLog, IsEmptyWithoutALog) {
  Gateway gateway(with_log("path: off"));
  ask(gateway, 10);
  EXPECT_TRUE(eventually([&] { return account_of(admin_port(gateway)).requests == 10; }));
  EXPECT_EQ(account_of(admin_port(gateway)).sum(), 0);
}

}  // namespace
}  // namespace trackly::test
