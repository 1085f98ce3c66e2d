#include "gateway/net/dns_resolver.h"

#include <ares.h>
#include <event2/event.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace trackly::net {
namespace {

// How often a name server is asked before it counts as silent.
constexpr int kTries = 2;
// For how long addresses of one family wait for those of the other.
constexpr auto kResolutionDelay = std::chrono::milliseconds(50);

// In the words of c-ares.
constexpr std::array<char, 2> kHostsFile = {"f"};
constexpr std::array<char, 2> kDns = {"b"};

struct ChannelDeleter {
  void operator()(ares_channeldata* channel) const { ares_destroy(channel); }
};
using ChannelPtr = std::unique_ptr<ares_channeldata, ChannelDeleter>;

struct AnswerDeleter {
  void operator()(ares_addrinfo* answer) const { ares_freeaddrinfo(answer); }
};
using AnswerPtr = std::unique_ptr<ares_addrinfo, AnswerDeleter>;

/// Once in a process; nothing has to be undone.
int init_library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

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

ResolvedName read_answer(const ares_addrinfo& answer) {
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
  return name;
}

void ask_for(ares_channeldata* channel, const std::string& name, std::uint16_t port, int family,
             ares_addrinfo_callback callback, void* context) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_ENVHOSTS | ARES_AI_NUMERICSERV;
  ares_getaddrinfo(channel, name.c_str(), std::to_string(port).c_str(), &hints, callback, context);
}

/// Before DNS and for both families at once, because a name that is there with addresses of one
/// family has none of the other.
std::optional<ResolvedName> find_in_hosts_file(const std::string& name, std::uint16_t port) {
  std::array<char, 2> lookups = kHostsFile;
  ares_options options{};
  options.lookups = lookups.data();
  ares_channel opened = nullptr;
  if (init_library() != ARES_SUCCESS ||
      ares_init_options(&opened, &options, ARES_OPT_LOOKUPS) != ARES_SUCCESS) {
    return std::nullopt;
  }
  const ChannelPtr channel(opened);
  std::optional<ResolvedName> found;
  // There is nothing to wait for: the answer comes from inside the question.
  ask_for(
      channel.get(), name, port, AF_UNSPEC,
      [](void* context, int status, int, ares_addrinfo* result) {
        const AnswerPtr answer(result);
        if (status != ARES_SUCCESS || answer->nodes == nullptr) return;
        *static_cast<std::optional<ResolvedName>*>(context) = read_answer(*answer);
      },
      &found);
  return found;
}

/// What DNS says about one family of a name's addresses.
struct FamilyAnswer {
  int family = 0;
  int status = ARES_SUCCESS;
  ResolvedName name = {};  // may be without addresses
  /// Of the name that has them, among those that search domains make of the one that was asked for.
  std::size_t place = 0;

  bool has_addresses() const { return !name.addresses.empty(); }
  /// It is known that there are none.
  bool is_none() const { return status == ARES_ENOTFOUND || status == ARES_ENODATA; }
};

using FamilyAnswers = std::array<std::optional<FamilyAnswer>, 2>;

/// The reason why there are no addresses: a failure says more than that there are none.
Fault fault_of(const FamilyAnswers& answers) {
  int status = ARES_ENOTFOUND;
  for (const auto& answer : answers) {
    if (!answer->is_none()) return fault_of(answer->status);
    if (answer->status == ARES_ENODATA) status = ARES_ENODATA;
  }
  return fault_of(status);
}

/// Both families, or the one that is here already, in the order of `answers`.
Result<ResolvedName> combine(const FamilyAnswers& answers) {
  // A wildcard in a later domain must not add addresses of another service.
  std::size_t first_place = std::numeric_limits<std::size_t>::max();
  for (const auto& answer : answers) {
    if (answer && answer->has_addresses()) first_place = std::min(first_place, answer->place);
  }
  ResolvedName all;
  all.ttl = Duration::max();
  for (const auto& answer : answers) {
    if (!answer || !answer->has_addresses() || answer->place != first_place) continue;
    all.ttl = std::min(all.ttl, answer->name.ttl);
    all.addresses.insert(all.addresses.end(), answer->name.addresses.begin(),
                         answer->name.addresses.end());
  }
  if (all.addresses.empty()) return fault_of(answers);
  for (const auto& answer : answers) {
    if (!answer) {
      all.unknown = {.family = all.addresses.front().family() == AF_INET ? AF_INET6 : AF_INET};
    } else if (!answer->has_addresses() && !answer->is_none()) {
      all.unknown = {.family = answer->family, .fault = fault_of(answer->status)};
    }
  }
  return all;
}

}  // namespace

/// What was asked. Its lookup and its channel both have a share in it; answers are delivered by a
/// task of the loop, so that nobody is called from inside c-ares.
class DnsResolver::Question : public std::enable_shared_from_this<Question> {
 public:
  Question(EventLoop& loop, Done done)
      : loop_(loop), done_(std::move(done)), delay_(loop.timer([this] { deliver(); })) {}

  void withdraw() {
    done_ = nullptr;
    delay_->disarm();
  }

  /// This is all.
  void answer(Result<ResolvedName> answer) {
    loop_.post([self = shared_from_this(), answer = std::move(answer)] {
      // It may destroy the lookup, which withdraws this.
      if (const Done done = std::exchange(self->done_, nullptr)) done(answer);
    });
  }

  /// The other family's is still to come, or has.
  void answer(FamilyAnswer answer) {
    const bool is_awaited = answer.has_addresses();
    answers_[answer.family == AF_INET6 ? 0 : 1] = std::move(answer);
    if (answers_[0] && answers_[1]) {
      delay_->disarm();
      this->answer(combine(answers_));
    } else if (is_awaited) {
      delay_->arm(kResolutionDelay);
    }
  }

 private:
  /// What is here. As a task, because it may destroy this.
  void deliver() {
    loop_.post([self = shared_from_this(), answer = combine(answers_)] {
      if (const Done done = self->done_) done(answer);
    });
  }

  EventLoop& loop_;
  Done done_;
  std::unique_ptr<Timer> delay_;
  FamilyAnswers answers_;  // IPv6, IPv4
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
    std::unique_ptr<Channel> channel(new Channel(resolver));
    int status = init_library();
    if (status == ARES_SUCCESS) status = channel->init(resolver.settings_);
    if (status != ARES_SUCCESS) {
      return Fault{std::string("cannot resolve names: ") + ares_strerror(status)};
    }
    return channel;
  }

  ~Channel() override { closing_ = true; }

  void ask(const std::string& name, std::uint16_t port, const std::shared_ptr<Question>& question) {
    // Both first: the answer may come at once, and this is closed after the last one.
    questions_ += 2;
    for (const int family : {AF_INET6, AF_INET}) {
      ask_for(channel_.get(), name, port, family, &Channel::on_answer,
              new Asked{*this, question, name, family});
    }
    update_timeout();
  }

  bool has_questions() const { return questions_ > 0; }

 private:
  struct Asked {
    Channel& channel;
    std::shared_ptr<Question> question;
    std::string name;
    int family;
  };

  explicit Channel(DnsResolver& resolver)
      : resolver_(resolver),
        loop_(resolver.loop_),
        timeout_(loop_.timer([this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); })) {}

  int init(const ResolverSettings& settings) {
    std::array<char, 2> lookups = kDns;
    ares_options options{};
    // c-ares doubles it with each try.
    options.timeout = static_cast<int>(std::clamp<std::int64_t>(
        std::chrono::ceil<std::chrono::milliseconds>(settings.timeout).count(), 1,
        std::numeric_limits<int>::max() >> kTries));
    options.tries = kTries;
    options.lookups = lookups.data();
    options.sock_state_cb = &Channel::on_socket;
    options.sock_state_cb_data = this;
    ares_channel opened = nullptr;
    const int status = ares_init_options(
        &opened, &options,
        ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) return status;
    channel_.reset(opened);
    if (const int read = read_search_list(); read != ARES_SUCCESS) return read;
    if (settings.servers.empty()) return ARES_SUCCESS;
    std::string servers;
    for (const std::string& server : settings.servers) {
      servers += (servers.empty() ? "" : ",") + server;
    }
    return ares_set_servers_ports_csv(channel_.get(), servers.c_str());
  }

  int read_search_list() {
    ares_options options{};
    int has = 0;
    const int status = ares_save_options(channel_.get(), &options, &has);
    if (status == ARES_SUCCESS) {
      dots_ = options.ndots;
      for (int i = 0; i < options.ndomains; ++i) domains_.emplace_back(options.domains[i]);
    }
    ares_destroy_options(&options);
    return status;
  }

  /// Of the name under which an answer was found, among all that are asked for in turn.
  std::size_t place_of(const std::string& found, const std::string& name) const {
    if (found.size() <= name.size()) {
      const bool comes_first = std::count(name.begin(), name.end(), '.') >= dots_;
      return comes_first ? 0 : domains_.size() + 1;
    }
    const std::string domain = found.substr(name.size() + 1);
    const auto place =
        std::find_if(domains_.begin(), domains_.end(), [&domain](const std::string& other) {
          return strcasecmp(domain.c_str(), other.c_str()) == 0;
        });
    return static_cast<std::size_t>(place - domains_.begin()) + 1;
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
    ares_process_fd(channel_.get(), readable, writable);
    update_timeout();
  }

  void update_timeout() {
    timeval left{};
    if (ares_timeout(channel_.get(), nullptr, &left) == nullptr) {
      timeout_->disarm();
    } else {
      timeout_->arm(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
    }
  }

  static void on_answer(void* context, int status, int, ares_addrinfo* found) {
    const std::unique_ptr<Asked> asked(static_cast<Asked*>(context));
    const AnswerPtr answer(found);
    asked->channel.finish(*asked, status, answer.get());
  }

  void finish(const Asked& asked, int status, const ares_addrinfo* found) {
    if (closing_) return;
    FamilyAnswer answer{.family = asked.family, .status = status};
    if (status == ARES_SUCCESS) {
      answer.name = read_answer(*found);
      if (!answer.has_addresses()) answer.status = ARES_ENODATA;
      if (found->name != nullptr) answer.place = place_of(found->name, asked.name);
    }
    asked.question->answer(std::move(answer));
    --questions_;
    if (blames_servers(status)) resolver_.retire(*this);
    if (!has_questions()) resolver_.discard(*this);
  }

  DnsResolver& resolver_;
  EventLoop& loop_;
  std::unique_ptr<Timer> timeout_;
  std::unordered_map<int, EventPtr> sockets_;
  // resolv.conf's `ndots` and `search`.
  int dots_ = 1;
  std::vector<std::string> domains_;
  std::size_t questions_ = 0;  // one for each family
  bool closing_ = false;
  ChannelPtr channel_;  // last: it ends its questions and its sockets
};

DnsResolver::DnsResolver(EventLoop& loop, const ResolverSettings& settings)
    : loop_(loop), settings_(settings) {}

DnsResolver::~DnsResolver() = default;

std::unique_ptr<Resolver::Lookup> DnsResolver::resolve(const std::string& name, std::uint16_t port,
                                                       Done done) {
  const auto question = std::make_shared<Question>(loop_, std::move(done));
  if (const auto literal = parse_socket_address(name, port)) {
    question->answer(ResolvedName{{*literal}, Duration::zero()});
  } else if (auto known = find_in_hosts_file(name, port)) {
    question->answer(*std::move(known));
  } else if (const Result<Channel*> open = channel()) {
    open.value()->ask(name, port, question);
  } else {
    question->answer(open.error());
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
