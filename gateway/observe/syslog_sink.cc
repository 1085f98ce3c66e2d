#include "gateway/observe/syslog_sink.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

namespace trackly::observe {
namespace {

constexpr std::size_t kLongestHostName = 255;

std::string host_name() {
  std::array<char, kLongestHostName + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// What a send says when the daemon has gone; of UDP, when the machine there has said so.
bool is_away(int error) {
  return error == ECONNREFUSED || error == ENOTCONN || error == ECONNRESET || error == EPIPE ||
         error == ENETUNREACH || error == EHOSTUNREACH;
}

}  // namespace

Result<std::unique_ptr<LogSink>> SyslogSink::open(const SyslogSettings& settings) {
  const auto address = settings.unix_path.empty()
                           ? net::parse_socket_address(settings.host, settings.port)
                           : net::unix_socket_address(settings.unix_path);
  if (!address) return Fault{"syslog: the address is none, or too long"};
  return std::unique_ptr<LogSink>(new SyslogSink(settings, *address));
}

SyslogSink::SyslogSink(const SyslogSettings& settings, const net::SocketAddress& address)
    : address_(address), message_(settings, host_name(), ::getpid()) {}

SyslogSink::~SyslogSink() { disconnect(); }

Result<std::size_t, std::errc> SyslogSink::write(std::string_view bytes) {
  if (fd_ < 0 && !connect()) return std::size_t{0};
  const std::string_view line = bytes.substr(0, bytes.find('\n'));
  const std::string_view message = message_.of(line, std::chrono::system_clock::now());
  bool is_new = false;
  while (true) {
    if (::send(fd_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
      return line.size() + 1;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return std::size_t{0};
    if (!is_away(errno)) return std::errc{errno};
    disconnect();
    // One that was restarted has a new socket at the old path.
    if (is_new || !connect()) return std::size_t{0};
    is_new = true;
  }
}

bool SyslogSink::connect() {
  fd_ = ::socket(address_.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return false;
  if (::connect(fd_, address_.get(), address_.size()) == 0) return true;
  disconnect();
  return false;
}

void SyslogSink::disconnect() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace trackly::observe
