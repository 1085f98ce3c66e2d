#include "gateway/net/dns_resolver.h"

#include <ares.h>
#include <event2/event.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <unordered_map>
#include <utility>

namespace trackly::net {
namespace {

// How often a name server is asked before it counts as silent.
constexpr int kTries = 2;
// The hosts file, then DNS.
constexpr std::array<char, 3> kLookups = {"fb"};

struct AnswerDeleter {
  void operator()(ares_addrinfo* answer) const { ares_freeaddrinfo(answer); }
};
using AnswerPtr = std::unique_ptr<ares_addrinfo, AnswerDeleter>;

Fault fault_of(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return Fault{"no such name"};
    case ARES_ENODATA:
      return Fault{"the name has no address"};
    case ARES_EBADNAME:
      return Fault{"not a valid name"};
    case ARES_ETIMEOUT:
      return Fault{"no answer in time"};
    // What is left when every name server refuses, fails or cannot be reached.
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
    case ARES_ENOTIMP:
      return Fault{"server failure"};
    case ARES_EBADRESP:
    case ARES_EFORMERR:
      return Fault{"malformed answer"};
    default:
      return Fault{ares_strerror(status)};
  }
}

/// Another resolv.conf might name servers that do better.
bool blames_servers(int status) {
  return status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED || status == ARES_ESERVFAIL;
}

/// RFC 2181 section 8: a time to live that looks negative is zero.
Duration to_ttl(int seconds) { return std::chrono::seconds(std::max(seconds, 0)); }

Result<ResolvedName> read_answer(const ares_addrinfo& answer) {
  ResolvedName name;
  name.ttl = Duration::max();
  // The chain of aliases must still hold, too.
  for (const ares_addrinfo_cname* alias = answer.cnames; alias != nullptr; alias = alias->next) {
    name.ttl = std::min(name.ttl, to_ttl(alias->ttl));
  }
  for (const ares_addrinfo_node* node = answer.nodes; node != nullptr; node = node->ai_next) {
    name.ttl = std::min(name.ttl, to_ttl(node->ai_ttl));
    name.addresses.push_back(SocketAddress::from(node->ai_addr, node->ai_addrlen));
  }
  if (name.addresses.empty()) return fault_of(ARES_ENODATA);
  return name;
}

}  // namespace

/// What was asked. Its lookup and its channel both have a share in it; the answer is delivered by a
/// task of the loop, so that nobody is called from inside c-ares.
class DnsResolver::Question {
 public:
  explicit Question(Done done) : done_(std::move(done)) {}

  void withdraw() { done_ = nullptr; }
  void answer(const Result<ResolvedName>& answer) {
    // It may destroy the lookup, which withdraws this.
    if (const Done done = std::exchange(done_, nullptr)) done(answer);
  }

 private:
  Done done_;
};

class DnsResolver::WithdrawingLookup final : public Lookup {
 public:
  explicit WithdrawingLookup(std::shared_ptr<Question> question) : question_(std::move(question)) {}
  ~WithdrawingLookup() override { question_->withdraw(); }

 private:
  const std::shared_ptr<Question> question_;
};

/// A channel of c-ares, with its sockets and its timeouts on the loop. Deferred, because c-ares may
/// be on the stack when its last question ends.
class DnsResolver::Channel final : public Deferred {
 public:
  static Result<std::unique_ptr<Channel>> open(DnsResolver& resolver) {
    // Once in a process; nothing has to be undone.
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    std::unique_ptr<Channel> channel(new Channel(resolver));
    int status = library;
    if (status == ARES_SUCCESS) status = channel->init(resolver.settings_);
    if (status != ARES_SUCCESS) {
      return Fault{std::string("cannot resolve names: ") + ares_strerror(status)};
    }
    return channel;
  }

  ~Channel() override {
    closing_ = true;
    if (channel_ != nullptr) ares_destroy(channel_);
  }

  void ask(const std::string& name, std::uint16_t port, std::shared_ptr<Question> question) {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_ENVHOSTS | ARES_AI_NUMERICSERV;
    ++questions_;
    ares_getaddrinfo(channel_, name.c_str(), std::to_string(port).c_str(), &hints,
                     &Channel::on_answer, new Asked{*this, std::move(question)});
    update_timeout();
  }

  bool has_questions() const { return questions_ > 0; }

 private:
  struct Asked {
    Channel& channel;
    std::shared_ptr<Question> question;
  };

  explicit Channel(DnsResolver& resolver)
      : resolver_(resolver),
        loop_(resolver.loop_),
        timeout_(loop_.timer([this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); })) {}

  int init(const ResolverSettings& settings) {
    std::array<char, 3> lookups = kLookups;
    ares_options options{};
    // c-ares doubles it with each try.
    options.timeout = static_cast<int>(std::clamp<std::int64_t>(
        std::chrono::ceil<std::chrono::milliseconds>(settings.timeout).count(), 1,
        std::numeric_limits<int>::max() >> kTries));
    options.tries = kTries;
    options.lookups = lookups.data();
    options.sock_state_cb = &Channel::on_socket;
    options.sock_state_cb_data = this;
    const int status = ares_init_options(
        &channel_, &options,
        ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) {
      channel_ = nullptr;
      return status;
    }
    if (settings.servers.empty()) return ARES_SUCCESS;
    std::string servers;
    for (const std::string& server : settings.servers) {
      servers += (servers.empty() ? "" : ",") + server;
    }
    return ares_set_servers_ports_csv(channel_, servers.c_str());
  }

  static void on_socket(void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<Channel*>(self)->watch(fd, readable != 0, writable != 0);
  }

  void watch(int fd, bool readable, bool writable) {
    // The old event goes first: c-ares closes a descriptor that it has no use for.
    sockets_.erase(fd);
    if (!readable && !writable) return;
    const int what = EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);
    sockets_[fd] = loop_.on_fd(fd, static_cast<short>(what), &Channel::on_event, this);
  }

  static void on_event(int fd, short what, void* self) {
    static_cast<Channel*>(self)->process((what & EV_READ) != 0 ? fd : ARES_SOCKET_BAD,
                                         (what & EV_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
  }

  void process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(channel_, readable, writable);
    update_timeout();
  }

  void update_timeout() {
    timeval left{};
    if (ares_timeout(channel_, nullptr, &left) == nullptr) {
      timeout_->disarm();
    } else {
      timeout_->arm(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
    }
  }

  static void on_answer(void* context, int status, int, ares_addrinfo* found) {
    const std::unique_ptr<Asked> asked(static_cast<Asked*>(context));
    const AnswerPtr answer(found);
    asked->channel.finish(asked->question, status, answer.get());
  }

  void finish(const std::shared_ptr<Question>& question, int status, const ares_addrinfo* found) {
    if (closing_) return;
    Result<ResolvedName> answer = status == ARES_SUCCESS ? read_answer(*found) : fault_of(status);
    loop_.post([question, answer = std::move(answer)] { question->answer(answer); });
    --questions_;
    if (blames_servers(status)) resolver_.retire(*this);
    if (!has_questions()) resolver_.discard(*this);
  }

  DnsResolver& resolver_;
  EventLoop& loop_;
  std::unique_ptr<Timer> timeout_;
  std::unordered_map<int, EventPtr> sockets_;
  ares_channel channel_ = nullptr;
  std::size_t questions_ = 0;
  bool closing_ = false;
};

DnsResolver::DnsResolver(EventLoop& loop, const ResolverSettings& settings)
    : loop_(loop), settings_(settings) {}

DnsResolver::~DnsResolver() = default;

std::unique_ptr<Resolver::Lookup> DnsResolver::resolve(const std::string& name, std::uint16_t port,
                                                       Done done) {
  const auto question = std::make_shared<Question>(std::move(done));
  const auto answer = [&](Result<ResolvedName> result) {
    loop_.post([question, result = std::move(result)] { question->answer(result); });
  };
  if (const auto literal = parse_socket_address(name, port)) {
    answer(ResolvedName{{*literal}, Duration::zero()});
  } else if (const Result<Channel*> open = channel()) {
    open.value()->ask(name, port, question);
  } else {
    answer(open.error());
  }
  return std::make_unique<WithdrawingLookup>(question);
}

Result<DnsResolver::Channel*> DnsResolver::channel() {
  if (current_ == nullptr) {
    auto opened = Channel::open(*this);
    if (!opened) return opened.error();
    current_ = std::move(opened).value();
  }
  return current_.get();
}

void DnsResolver::retire(Channel& channel) {
  if (current_.get() == &channel) retired_.push_back(std::move(current_));
}

void DnsResolver::discard(Channel& channel) {
  const auto found = std::find_if(retired_.begin(), retired_.end(),
                                  [&](const auto& other) { return other.get() == &channel; });
  if (found == retired_.end()) return;
  loop_.defer_delete(std::move(*found));
  retired_.erase(found);
}

}  // namespace trackly::net
