#include "gateway/net/listener.h"

#include <event2/event.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <system_error>

namespace trackly::net {
namespace {

constexpr int kBacklog = 4096;
// A burst of connections must not keep signals and the other listeners waiting.
constexpr int kAcceptsPerTurn = 64;
// Out of descriptors, say: trying again at once would only spin.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

constexpr std::string_view kUnixPrefix = "unix:";

std::string path_of(const SocketAddress& unix_address) {
  return unix_address.to_string().substr(kUnixPrefix.size());
}

Fault listen_fault(const std::string& address, int error) {
  return Fault{"cannot listen on " + address + ": " +
               std::error_code(error, std::generic_category()).message()};
}

/// That connection is gone, the next may be fine (accept(2), "Error handling"). All else, such as
/// no descriptors left, would be met at once again.
bool is_of_one_connection(int error) {
  static constexpr std::array kErrors = {ECONNABORTED, EINTR,      EPERM,       EPROTO,
                                         ENETDOWN,     ENONET,     EHOSTDOWN,   EHOSTUNREACH,
                                         ENETUNREACH,  EOPNOTSUPP, ENOPROTOOPT, ETIMEDOUT};
  return std::find(kErrors.begin(), kErrors.end(), error) != kErrors.end();
}

/// Nobody answers on the path: the file was left behind by a process that died.
bool is_stale(const SocketAddress& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool refused = connect(probe, address.get(), address.size()) != 0 && errno == ECONNREFUSED;
  close(probe);
  return refused;
}

}  // namespace

Result<SocketAddress> parse_listen_address(std::string_view text) {
  const Fault expected{
      "\"" + std::string(text) +
      "\" is no address: expected 127.0.0.1:8080, [::1]:8080, *:8080 or unix:/path"};
  if (text.substr(0, kUnixPrefix.size()) == kUnixPrefix) {
    const auto address = unix_socket_address(text.substr(kUnixPrefix.size()));
    if (!address) return expected;
    return *address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return expected;
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || end != port_text.data() + port_text.size()) return expected;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "*") host = "::";
  if (host == "localhost") host = "127.0.0.1";
  const auto address = parse_socket_address(host, port);
  if (!address) return expected;
  return *address;
}

Result<std::unique_ptr<ListeningSocket>> ListeningSocket::open(const std::string& address,
                                                               std::optional<mode_t> unix_mode) {
  auto parsed = parse_listen_address(address);
  if (!parsed) return parsed.error();
  const int fd = ::socket(parsed->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return listen_fault(address, errno);
  std::unique_ptr<ListeningSocket> socket(new ListeningSocket(fd, Keeper::this_process));

  const int on = 1;
  const int off = 0;
  if (parsed->family() == AF_UNIX) {
    const std::string path = address.substr(kUnixPrefix.size());
    if (is_stale(*parsed)) unlink(path.c_str());
  } else {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (parsed->family() == AF_INET6) {
      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
  }
  if (bind(fd, parsed->get(), parsed->size()) != 0) return listen_fault(address, errno);
  socket->look_up_address();
  // Before anybody can connect.
  if (parsed->family() == AF_UNIX && unix_mode &&
      chmod(path_of(socket->address_).c_str(), *unix_mode) != 0) {
    return listen_fault(address, errno);
  }
  if (listen(fd, kBacklog) != 0) return listen_fault(address, errno);
  return socket;
}

std::unique_ptr<ListeningSocket> ListeningSocket::adopt(int fd, Keeper keeper) {
  std::unique_ptr<ListeningSocket> socket(new ListeningSocket(fd, keeper));
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  socket->look_up_address();
  return socket;
}

void ListeningSocket::look_up_address() {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return;
  address_ = SocketAddress::from(reinterpret_cast<sockaddr*>(&bound), size);
}

bool ListeningSocket::is_listening() const {
  const auto option = [this](int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    return getsockopt(fd_, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  return option(SO_TYPE) == SOCK_STREAM && option(SO_ACCEPTCONN) == 1;
}

void ListeningSocket::inherit() {
  if (keeper_ == Keeper::predecessor) keeper_ = Keeper::this_process;
}

void ListeningSocket::hand_over() {
  if (keeper_ == Keeper::this_process) keeper_ = Keeper::successor;
}

/// A filter has the kernel drop what would begin a connection, which its sender repeats until it is
/// refused; a connection that is half made gets on. Without it, who connects between the last
/// accept() and close() would be reset, and could not know whether its request was taken.
void ListeningSocket::turn_away() {
  if (address_.family() == AF_UNIX) return remove_file();
  constexpr unsigned kFlags = 13;  // their place in the TCP header (RFC 9293 section 3.1)
  constexpr unsigned kSyn = 0x02;
  constexpr unsigned kAck = 0x10;
  std::array<sock_filter, 5> no_syn{
      {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSyn | kAck),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
       BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)}};
  const sock_fprog filter{no_syn.size(), no_syn.data()};
  // Where that is not possible, it is as it would be without.
  setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

void ListeningSocket::remove_file() {
  if (keeper_ == Keeper::this_process && !is_file_gone_) {
    unlink(path_of(address_).c_str());
    is_file_gone_ = true;
  }
}

ListeningSocket::~ListeningSocket() {
  if (address_.family() == AF_UNIX) remove_file();
  close(fd_);
}

Listener::Listener(EventLoop& loop, std::unique_ptr<ListeningSocket> socket, OnAccept on_accept)
    : socket_(std::move(socket)),
      on_accept_(std::move(on_accept)),
      event_(loop.on_fd(
          socket_->fd(), EV_READ | EV_PERSIST,
          [](int, short, void* self) { static_cast<Listener*>(self)->accept_some(); }, this)),
      resume_(loop.timer([this] { event_add(event_.get(), nullptr); })) {}

Listener::~Listener() = default;

void Listener::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn && accept_one(); ++i) {
  }
}

void Listener::turn_away() {
  if (socket_->keeper() == ListeningSocket::Keeper::this_process) return socket_->turn_away();
  event_del(event_.get());
  resume_->disarm();
}

void Listener::take_the_rest() {
  if (socket_->keeper() != ListeningSocket::Keeper::this_process) return;
  while (accept_one()) {
  }
}

/// False: there is none left, or no room for it.
bool Listener::accept_one() {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  const int fd = accept4(socket_->fd(), reinterpret_cast<sockaddr*>(&peer), &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (is_of_one_connection(errno)) return true;
    pause();
    return false;
  }
  const SocketAddress address = SocketAddress::from(reinterpret_cast<sockaddr*>(&peer), size);
  if (address.family() != AF_UNIX) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  on_accept_(fd, address);
  return true;
}

void Listener::pause() {
  event_del(event_.get());
  resume_->arm(kAcceptPause);
}

}  // namespace trackly::net
