#include "gateway/store/redis_cluster.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace trackly::store {
namespace {

// How soon a cluster that nobody could be asked about is looked at again.
constexpr Duration kLookAgain = std::chrono::milliseconds(50);
constexpr Duration kDropInterval = std::chrono::seconds(1);

constexpr std::array<std::string_view, 1> kAsking{"ASKING"};
constexpr std::array<std::string_view, 2> kClusterSlots{"CLUSTER", "SLOTS"};

}  // namespace

struct RedisCluster::Relay {
  RedisCluster* cluster;  // nullptr: answered, or the cluster is gone
  std::string name;
  std::string wire;
  std::uint16_t slot;
  TimePoint deadline;
  Callback callback;  // empty: nobody waits
  int redirections = 0;
  const Node* asked = nullptr;
  PendingPtr call;  // of that node
};

class RedisCluster::Ticket final : public Pending {
 public:
  explicit Ticket(RelayPtr relay) : relay_(std::move(relay)) {}
  ~Ticket() override {
    if (relay_->cluster == nullptr) return;
    relay_->call.reset();
    relay_->cluster->relays_.erase(relay_.get());
  }

 private:
  RelayPtr relay_;
};

RedisCluster::RedisCluster(Loop& loop, net::Connector& connector, const RedisAccess& access,
                           RedisObservers observers)
    : loop_(loop),
      connector_(connector),
      access_(access),
      observers_(observers),
      refresh_timer_(loop.timer([this] { refresh(); })),
      drop_timer_(loop.timer([this] { drop_unused(); })) {
  add_seeds();
  refresh_soon();
}

RedisCluster::~RedisCluster() {
  for (const auto& [key, relay] : relays_) {
    relay->cluster = nullptr;
    relay->call.reset();
  }
}

// -------------------------------------------------------------------------------------- commands

PendingPtr RedisCluster::send(std::string_view key, std::span<const std::string_view> words,
                              TimePoint deadline, Callback callback) {
  Relay& relay = begin(key, words, deadline, std::move(callback));
  return std::make_unique<Ticket>(relays_.at(&relay));
}

void RedisCluster::send(std::string_view key, std::span<const std::string_view> words) {
  begin(key, words, deadline(), nullptr);
}

RedisCluster::Relay& RedisCluster::begin(std::string_view key,
                                         std::span<const std::string_view> words,
                                         TimePoint deadline, Callback callback) {
  auto relay = std::make_shared<Relay>();
  relay->cluster = this;
  relay->name = words.front();
  relay->wire = format_redis_command(words);
  relay->slot = redis_slot(key);
  relay->deadline = deadline;
  relay->callback = std::move(callback);
  Relay& begun = *relay;
  relays_.emplace(relay.get(), std::move(relay));
  ask(begun, node_for(begun.slot));
  return begun;
}

void RedisCluster::ask(Relay& relay, Node& node) {
  relay.asked = &node;
  relay.call = node.client->send_wire(
      relay.name, relay.wire, relay.deadline,
      [this, &relay](RedisAnswer answer) { on_answer(relay, std::move(answer)); });
}

void RedisCluster::on_answer(Relay& relay, RedisAnswer answer) {
  if (!answer) {
    if (answer.error() != RedisFailure::overloaded) refresh_soon();
  } else if (follow(relay, *answer)) {
    return;
  } else if (answer->is_error("CLUSTERDOWN")) {
    refresh_soon();
  }
  finish(relay, std::move(answer));
}

bool RedisCluster::follow(Relay& relay, const RedisReply& reply) {
  const auto redirection = read_redirection(reply);
  if (!redirection) return false;
  Node& node = node_at(redirection->node, relay.asked);
  if (redirection->kind == RedisRedirection::Kind::moved) {
    slots_[redirection->slot] = &node;
    refresh_soon();
  }
  if (++relay.redirections > kMaxRedirections) return false;
  if (redirection->kind == RedisRedirection::Kind::ask) {
    node.client->send_wire(kAsking.front(), format_redis_command(kAsking));
  }
  ask(relay, node);
  return true;
}

void RedisCluster::finish(Relay& relay, RedisAnswer answer) {
  const auto found = relays_.find(&relay);
  const RelayPtr kept = std::move(found->second);
  relays_.erase(found);
  kept->cluster = nullptr;
  // Moved out, because the callback may destroy the ticket.
  if (const Callback call = std::move(kept->callback)) call(std::move(answer));
}

// ----------------------------------------------------------------------------------------- nodes

RedisCluster::Node& RedisCluster::node_at(const RedisNodeSettings& place, const Node* asked) {
  RedisNodeSettings known = place;
  if (known.host.empty() && asked != nullptr) known.host = asked->host;
  const net::Address address = access_.address_of(known);
  Node& node = nodes_[name_of(address)];
  if (node.client == nullptr) {
    node.host = known.host;
    node.client = std::make_unique<RedisClient>(loop_, connector_, access_, address, observers_);
  }
  node.in_use = true;
  return node;
}

RedisCluster::Node& RedisCluster::node_for(std::uint16_t slot) {
  Node* const known = slots_[slot];
  return known != nullptr ? *known : any_node();
}

RedisCluster::Node& RedisCluster::any_node() {
  Node* fallback = nullptr;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node =
        std::next(nodes_.begin(), static_cast<std::ptrdiff_t>(turn_++ % nodes_.size()))->second;
    if (node.client->is_ready()) return node;
    if (fallback == nullptr || !fallback->client->is_usable()) fallback = &node;
  }
  return *fallback;
}

void RedisCluster::add_seeds() {
  for (const RedisNodeSettings& seed : access_.settings.cluster) node_at(seed, nullptr);
}

/// What has left the cluster, once it owes nothing any more. From a timer, when none of the clients
/// is on the stack.
void RedisCluster::drop_unused() {
  std::erase_if(nodes_, [this](const auto& entry) {
    const Node& node = entry.second;
    if (node.in_use || !node.client->is_idle()) return false;
    return std::find(slots_.begin(), slots_.end(), &node) == slots_.end();
  });
  const bool is_left = std::any_of(nodes_.begin(), nodes_.end(),
                                   [](const auto& entry) { return !entry.second.in_use; });
  if (is_left) drop_timer_->arm(kDropInterval);
}

// ------------------------------------------------------------------------------- the map of slots

void RedisCluster::refresh_soon() {
  if (question_ != nullptr || refresh_armed_) return;
  refresh_armed_ = true;
  const TimePoint next = refreshed_at_ ? *refreshed_at_ + kRefreshInterval : loop_.now();
  refresh_timer_->arm(std::max<Duration>(next - loop_.now(), Duration::zero()));
}

void RedisCluster::refresh() {
  refresh_armed_ = true;
  Node& node = any_node();
  if (!node.client->is_ready()) {
    add_seeds();  // perhaps the whole cluster has moved
    refresh_timer_->arm(kLookAgain);
    return;
  }
  refresh_armed_ = false;
  refreshed_at_ = loop_.now();
  question_ =
      node.client->send_wire(kClusterSlots.front(), format_redis_command(kClusterSlots),
                             loop_.now() + access_.settings.connect_timeout,
                             [this, &node](const RedisAnswer& answer) { on_slots(node, answer); });
}

void RedisCluster::on_slots(const Node& asked, const RedisAnswer& answer) {
  question_.reset();
  const auto ranges = answer ? read_cluster_slots(*answer) : std::nullopt;
  ranges ? adopt(*ranges, asked) : refresh_soon();
}

void RedisCluster::adopt(const std::vector<RedisSlotRange>& ranges, const Node& asked) {
  for (auto& [name, node] : nodes_) node.in_use = false;
  slots_.fill(nullptr);
  for (const RedisSlotRange& range : ranges) {
    Node& primary = node_at(range.primary, &asked);
    for (std::size_t slot = range.first; slot <= range.last; ++slot) slots_[slot] = &primary;
  }
  drop_timer_->arm(kDropInterval);
}

}  // namespace trackly::store
