#include "gateway/store/redis_client.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace trackly::store {
namespace {

// A connection that lived shorter is not replaced at once: whoever accepts and closes again and
// again is asked at the pace of failed attempts.
constexpr Duration kStoodWell = std::chrono::seconds(1);

constexpr std::array<std::string_view, 1> kPing{"PING"};
constexpr std::array<std::string_view, 1> kRole{"ROLE"};

std::string_view describe(std::optional<net::TransportError> failure) {
  if (!failure) return "the connection was closed";
  switch (*failure) {
    case net::TransportError::unresolved:
      return "its name has no address";
    case net::TransportError::no_local_resources:
      return "no descriptors or ports left";
    case net::TransportError::refused:
      return "the connection was refused";
    case net::TransportError::connect_timeout:
      return "it does not accept the connection in time";
    case net::TransportError::handshake:
      return "TLS failed";
    case net::TransportError::certificate:
      return "its certificate is not acceptable";
    case net::TransportError::handshake_timeout:
      return "TLS took too long";
    case net::TransportError::reset:
      return "the connection was reset";
  }
  return "the connection was lost";
}

RedisOutcome outcome_of(RedisFailure failure) {
  switch (failure) {
    case RedisFailure::timeout:
      return RedisOutcome::timeout;
    case RedisFailure::lost:
      return RedisOutcome::lost;
    case RedisFailure::down:
      return RedisOutcome::down;
    case RedisFailure::overloaded:
      return RedisOutcome::overloaded;
  }
  return RedisOutcome::down;
}

/// The user may not say that word; which tells nothing about the state of Redis.
bool is_denied(const RedisAnswer& answer) { return answer && answer->is_error("NOPERM"); }

std::string_view code_of(const RedisReply& error) {
  return std::string_view(error.text).substr(0, error.text.find(' '));
}

}  // namespace

std::string_view to_string(RedisFailure failure) {
  switch (failure) {
    case RedisFailure::timeout:
      return "timeout";
    case RedisFailure::lost:
      return "connection lost";
    case RedisFailure::down:
      return "down";
    case RedisFailure::overloaded:
      return "too many commands in flight";
  }
  return "";
}

struct RedisClient::Command {
  std::string name;  // the first word
  std::string wire;  // kept until it is answered: it may have to be sent elsewhere
  TimePoint deadline;
  Callback callback;     // empty: nobody waits
  bool is_ours = false;  // greeting or probe: not a caller's
  bool cancelled = false;
  bool overdue = false;     // answered with timeout, its reply is still to come
  bool sent_again = false;  // elsewhere, once

  void answer(RedisAnswer answer) {
    // Moved out, because the callback may destroy the ticket, which clears it.
    if (const Callback call = std::exchange(callback, nullptr)) call(std::move(answer));
  }
};

class RedisClient::Ticket final : public Pending {
 public:
  explicit Ticket(CommandPtr command) : command_(std::move(command)) {}
  ~Ticket() override {
    command_->callback = nullptr;
    command_->cancelled = true;
  }

 private:
  CommandPtr command_;
};

RedisClient::RedisClient(Loop& loop, net::Connector& connector, const RedisAccess& access,
                         const std::string& name, RedisObservers observers)
    : loop_(loop),
      connector_(connector),
      settings_(access.settings),
      login_(login_of(access.settings)),
      observers_(observers),
      health_(observers.health, name),
      refusals_(access.settings.breaker),
      deadline_timer_(loop.timer([this] { on_deadline(); })),
      pause_timer_(loop.timer([this] { connect(); })),
      probe_timer_(loop.timer([this] { probe(); })) {}

RedisClient::RedisClient(Loop& loop, net::Connector& connector, const RedisAccess& access,
                         const net::Address& server, RedisObservers observers)
    : RedisClient(loop, connector, access, name_of(server), observers) {
  address_ = server;
  open();
}

RedisClient::RedisClient(Loop& loop, net::Connector& connector, const RedisSettings& settings)
    : RedisClient(loop, connector, RedisAccess{settings, nullptr},
                  RedisAccess{settings, nullptr}.address()) {}

RedisClient::RedisClient(Loop& loop, net::Connector& connector, const RedisAccess& access,
                         const std::string& name, Seek seek, RedisObservers observers)
    : RedisClient(loop, connector, access, name, observers) {
  seek_ = std::move(seek);
}

RedisClient::~RedisClient() { RedisConnection::close(std::move(connection_)); }

// -------------------------------------------------------------------------------------- commands

PendingPtr RedisClient::send(std::string_view, std::span<const std::string_view> words,
                             TimePoint deadline, Callback callback) {
  return send_wire(words.front(), format_redis_command(words), deadline, std::move(callback));
}

void RedisClient::send(std::string_view, std::span<const std::string_view> words) {
  send_wire(words.front(), format_redis_command(words));
}

PendingPtr RedisClient::send_wire(std::string_view name, std::string wire, TimePoint deadline,
                                  Callback callback) {
  auto command = std::make_shared<Command>();
  command->name = name;
  command->wire = std::move(wire);
  command->deadline = deadline;
  command->callback = std::move(callback);
  if (const auto why = obstacle(name)) {
    refuse(command, *why);
  } else {
    submit(command);
  }
  return std::make_unique<Ticket>(std::move(command));
}

void RedisClient::send_wire(std::string_view name, std::string wire) {
  if (const auto why = obstacle(name)) return count(outcome_of(*why));
  auto command = std::make_shared<Command>();
  command->name = name;
  command->wire = std::move(wire);
  command->deadline = deadline();
  submit(command);
}

std::optional<RedisFailure> RedisClient::obstacle(std::string_view name) {
  if (!is_usable()) return RedisFailure::down;
  if (waiting_.size() + sent_.size() >= settings_.max_in_flight) return RedisFailure::overloaded;
  if (!refusals_.empty() && refusals_.blocks(name, loop_.now(), loop_.random())) {
    return RedisFailure::down;
  }
  return std::nullopt;
}

bool RedisClient::stalled() const { return !sent_.empty() && sent_.front()->overdue; }

void RedisClient::refuse(const CommandPtr& command, RedisFailure why) {
  count(outcome_of(why));
  loop_.post([command, why] { command->answer(why); });
}

void RedisClient::submit(const CommandPtr& command) {
  if (ready_since_ && !leaving_) {
    transmit(command);
  } else {
    waiting_.push_back(command);
  }
  watch(command->deadline);
}

void RedisClient::transmit(const CommandPtr& command) {
  connection_->send(command->wire);
  sent_.push_back(command);
}

void RedisClient::on_reply(RedisReply reply) {
  if (sent_.empty()) {  // to what nobody asked
    trouble_ = "it says what nobody asked for";
    return reconnect(RedisFailure::lost);
  }
  const CommandPtr command = std::move(sent_.front());
  sent_.pop_front();
  if (!waits_for_another(command, reply)) {
    if (!command->overdue && !command->is_ours) judge(*command, reply);
    command->answer(std::move(reply));
  }
  if (leaving_ && sent_.empty()) reconnect(RedisFailure::lost);
}

/// What a reply in time says about Redis.
void RedisClient::judge(const Command& command, const RedisReply& reply) {
  missed_ = 0;
  const std::string_view code = refusal_code(reply);
  count(code.empty() ? RedisOutcome::answered : RedisOutcome::refused);
  if (code.empty() && refusals_.empty()) return;
  const bool changed = code.empty()
                           ? refusals_.accepted(command.name)
                           : refusals_.refused(command.name, code, loop_.now(), loop_.random());
  if (!changed) return;
  if (!code.empty() && observers_.counts != nullptr) observers_.counts->breaker_openings.add();
  tell_health();
}

bool RedisClient::waits_for_another(const CommandPtr& command, const RedisReply& reply) {
  const std::string_view code = refusal_code(reply);
  // It has become a replica, or forgotten our login. The name may stand for another server by now.
  const bool is_wrong_server = code == "READONLY" || code == "MASTERDOWN" || code == "NOAUTH";
  if (!is_wrong_server || command->is_ours || (!stood_well() && !seek_)) return false;
  leaving_ = true;
  if (command->sent_again || command->overdue || command->cancelled) return false;
  command->sent_again = true;
  waiting_.push_back(command);
  return true;
}

// ------------------------------------------------------------------------------------ connection

void RedisClient::connect() {
  if (next_address_) address_ = std::exchange(next_address_, std::nullopt);
  if (address_) return open();
  seek_();
}

void RedisClient::open() {
  RedisConnectionEvents& events = *this;
  connection_ = std::make_unique<RedisConnection>(loop_, connector_, *address_,
                                                  settings_.connect_timeout, events);
}

void RedisClient::move_to(const net::Address& address) {
  const bool is_there = connection_ != nullptr && name_of(*address_) == name_of(address);
  if (is_there && !leaving_) return;
  next_address_ = address;
  if (connection_ == nullptr) {
    pause_timer_->disarm();
    return connect();
  }
  leaving_ = true;
  if (sent_.empty() || stalled() || !ready_since_) reconnect(RedisFailure::lost);
}

void RedisClient::on_open() {
  unwelcome_.clear();
  for (std::size_t i = 0; i < login_.commands.size(); ++i) {
    greet(login_.names[i], login_.commands[i],
          [this, name = login_.names[i]](const RedisAnswer& answer) { on_login(name, answer); });
  }
  if (seek_) {
    greet("ROLE", format_redis_command(kRole),
          [this](const RedisAnswer& answer) { on_role(answer); });
  }
  greet("PING", format_redis_command(kPing),
        [this](const RedisAnswer& answer) { on_ping(answer); });
}

void RedisClient::greet(std::string_view name, std::string wire, Callback callback) {
  auto command = std::make_shared<Command>();
  command->name = name;
  command->wire = std::move(wire);
  command->deadline = loop_.now() + settings_.connect_timeout;
  command->callback = std::move(callback);
  command->is_ours = true;
  transmit(command);
  watch(command->deadline);
}

void RedisClient::on_login(const std::string& name, const RedisAnswer& answer) {
  if (!answer || answer->kind != RedisReply::Kind::error || !unwelcome_.empty()) return;
  // The code alone: nobody promises that the text after it holds no secret.
  unwelcome_ = name + " is refused: " + std::string(code_of(*answer));
}

void RedisClient::on_role(const RedisAnswer& answer) {
  if (!answer || is_denied(answer) || !unwelcome_.empty()) return;
  const bool is_primary = !answer->items.empty() && answer->items.front().text == "master";
  if (!is_primary) unwelcome_ = "it is not the primary";
}

/// The last word of the greeting.
void RedisClient::on_ping(const RedisAnswer& answer) {
  // Then reconnect() is what told us.
  if (!answer && answer.error() == RedisFailure::lost) return;
  if (!answer) {
    unwelcome_ = "it does not answer";
  } else if (answer->kind == RedisReply::Kind::error && !is_denied(answer) && unwelcome_.empty()) {
    unwelcome_ = "PING is refused: " + std::string(code_of(*answer));
  }
  if (unwelcome_.empty()) return get_ready();
  trouble_ = unwelcome_;
  reconnect(RedisFailure::down);
}

void RedisClient::get_ready() {
  ready_since_ = loop_.now();
  down_ = false;
  refusals_.clear();  // it may be another one, or another user
  tell_health();
  if (breaker_open_) return probe();
  for (const CommandPtr& command : std::exchange(waiting_, {})) {
    if (!command->cancelled) transmit(command);
  }
}

void RedisClient::on_lost() {
  trouble_ = describe(connection_->failure());
  reconnect(RedisFailure::lost);
}

bool RedisClient::stood_well() const {
  return ready_since_ && loop_.now() - *ready_since_ >= kStoodWell;
}

void RedisClient::reconnect(RedisFailure why) {
  const bool at_once = leaving_ || (stood_well() && !stalled());
  if (stood_well()) pause_ = kFirstPause;

  RedisConnection::close(std::move(connection_));
  ready_since_.reset();
  leaving_ = false;
  if (seek_) address_.reset();
  const Queue sent = std::exchange(sent_, {});
  if (at_once) {
    connect();
  } else {
    down_ = true;
    pause_timer_->arm(jittered(pause_, loop_.random()));
    pause_ = std::min(pause_ * 2, kLongestPause);
    tell_health();
  }

  const Queue waiting = down_ ? std::exchange(waiting_, {}) : Queue();
  for (const CommandPtr& command : sent) finish(*command, why);
  for (const CommandPtr& command : waiting) finish(*command, RedisFailure::down);
}

void RedisClient::finish(Command& command, RedisAnswer answer) {
  if (!command.is_ours && !command.overdue) count(outcome_of(answer.error()));
  command.answer(std::move(answer));
}

// --------------------------------------------------------------------------------------- breaker

void RedisClient::missed(std::size_t deadlines) {
  missed_ +=
      static_cast<std::uint32_t>(std::min<std::size_t>(deadlines, settings_.breaker.failures));
  if (!breaker_open_ && missed_ >= settings_.breaker.failures) open_breaker();
}

void RedisClient::open_breaker() {
  const bool soon = breaker_closed_at_ && loop_.now() - *breaker_closed_at_ < kSoon;
  probes_needed_ = soon ? std::min(probes_needed_ * 2, kMostProbes) : 1;
  probes_passed_ = 0;
  breaker_open_ = true;
  if (observers_.counts != nullptr) observers_.counts->breaker_openings.add();
  probe_timer_->arm(jittered(settings_.breaker.probe_interval, loop_.random()));
  tell_health();
  for (const CommandPtr& command : std::exchange(waiting_, {})) refuse(command, RedisFailure::down);
}

/// Where there is no connection, or it owes answers, the next one to be ready is probed.
void RedisClient::probe() {
  probe_timer_->arm(jittered(settings_.breaker.probe_interval, loop_.random()));
  if (!ready_since_ || !sent_.empty()) return;
  auto command = std::make_shared<Command>();
  command->name = kPing.front();
  command->wire = format_redis_command(kPing);
  command->deadline = deadline();
  command->callback = [this](const RedisAnswer& answer) { on_probe(answer); };
  command->is_ours = true;
  transmit(command);
  watch(command->deadline);
}

void RedisClient::on_probe(const RedisAnswer& answer) {
  if (!answer || (answer->kind == RedisReply::Kind::error && !is_denied(answer))) {
    probes_passed_ = 0;
    return;
  }
  if (++probes_passed_ < probes_needed_) return;
  breaker_open_ = false;
  breaker_closed_at_ = loop_.now();
  missed_ = settings_.breaker.failures - 1;  // what follows has to prove itself
  probe_timer_->disarm();
  tell_health();
}

void RedisClient::tell_health() {
  if (down_) return health_.set(trouble_);
  if (breaker_open_) return health_.set("it does not answer in time");
  health_.set(refusals_.describe());
}

void RedisClient::count(RedisOutcome outcome) {
  if (observers_.counts != nullptr) observers_.counts->of(outcome).add();
}

// ------------------------------------------------------------------------------------- deadlines

void RedisClient::watch(TimePoint deadline) {
  if (watched_ && *watched_ <= deadline) return;
  watched_ = deadline;
  deadline_timer_->arm(deadline - loop_.now());
}

void RedisClient::on_deadline() {
  watched_.reset();
  const TimePoint now = loop_.now();
  expire(now);
  if (stalled() && (leaving_ || sent_.front()->deadline + kStallLimit <= now)) {
    trouble_ = "it does not answer";
    reconnect(RedisFailure::timeout);
  }
  if (const auto next = next_deadline()) watch(*next);
}

void RedisClient::expire(TimePoint now) {
  std::vector<CommandPtr> expired;
  std::size_t missed_now = 0;
  for (const CommandPtr& command : sent_) {
    if (command->overdue || command->deadline > now) continue;
    expired.push_back(command);
  }
  std::erase_if(waiting_, [&](const CommandPtr& command) {
    if (command->deadline > now) return false;
    expired.push_back(command);
    return true;
  });
  for (const CommandPtr& command : expired) {
    if (!command->is_ours) {
      ++missed_now;
      count(RedisOutcome::timeout);
    }
    command->overdue = true;
  }
  missed(missed_now);
  // Last, because a callback may send, which adds to the queues.
  for (const CommandPtr& command : expired) command->answer(RedisFailure::timeout);
}

std::optional<TimePoint> RedisClient::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&next](TimePoint deadline) {
    next = next ? std::min(*next, deadline) : deadline;
  };
  if (stalled()) consider(sent_.front()->deadline + kStallLimit);
  for (const CommandPtr& command : sent_) {
    if (!command->overdue) consider(command->deadline);
  }
  for (const CommandPtr& command : waiting_) consider(command->deadline);
  return next;
}

}  // namespace trackly::store
