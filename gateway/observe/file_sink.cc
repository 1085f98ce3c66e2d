#include "gateway/observe/file_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>

namespace trackly::observe {
namespace {

constexpr mode_t kFileMode = 0640;

Fault fault(const std::string& path) {
  return Fault{"cannot open the log " + path + ": " + std::generic_category().message(errno)};
}

}  // namespace

Result<std::unique_ptr<LogSink>> FileSink::open(const std::string& path) {
  if (path == "/dev/stdout") return open_standard(STDOUT_FILENO);
  if (path == "/dev/stderr") return open_standard(STDERR_FILENO);
  const int fd = ::open(
      path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, kFileMode);
  if (fd < 0) return fault(path);
  return make(fd, Kind::plain);
}

/// O_NONBLOCK belongs to the open file description, which standard streams share with other
/// processes (the shell, the other side of a `2>&1`), so it must not be set on them. A pipe or
/// terminal is opened anew through /proc instead; where that is forbidden (a container that has
/// given up its user) the descriptor is used as it is, in pieces that a ready pipe takes whole.
Result<std::unique_ptr<LogSink>> FileSink::open_standard(int stream) {
  struct stat about {};
  if (::fstat(stream, &about) != 0) return fault("of a closed standard stream");

  if (S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode)) {
    const std::string again = "/proc/self/fd/" + std::to_string(stream);
    const int fd = ::open(again.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) return make(fd, Kind::plain);
  }
  const int fd = ::fcntl(stream, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return fault("of a standard stream");
  if (S_ISSOCK(about.st_mode)) return make(fd, Kind::socket);
  return make(fd, S_ISREG(about.st_mode) ? Kind::plain : Kind::paced);
}

std::unique_ptr<LogSink> FileSink::make(int fd, Kind kind) {
  return std::unique_ptr<LogSink>(new FileSink(fd, kind));
}

FileSink::~FileSink() { ::close(fd_); }

Result<std::size_t, std::errc> FileSink::write(std::string_view bytes) {
  if (kind_ == Kind::paced) {
    if (!ready()) return std::size_t{0};
    bytes = bytes.substr(0, PIPE_BUF);
  }
  while (true) {
    const ssize_t taken = kind_ == Kind::socket
                              ? ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                              : ::write(fd_, bytes.data(), bytes.size());
    if (taken >= 0) return static_cast<std::size_t>(taken);
    if (errno == EAGAIN) return std::size_t{0};
    if (errno != EINTR) return std::errc{errno};
  }
}

bool FileSink::ready() const {
  pollfd state{fd_, POLLOUT, 0};
  return ::poll(&state, 1, 0) > 0;
}

}  // namespace trackly::observe
