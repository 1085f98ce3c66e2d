#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/result.h"
#include "gateway/net/socket_address.h"

namespace trackly::net {

/// What a name stands for now.
struct ResolvedName {
  std::vector<SocketAddress> addresses;  // at least one, with the port that was asked for
  /// For how long that holds; zero where nobody says (/etc/hosts).
  Duration ttl{};

  struct Unknown {
    int family = 0;  // AF_INET or AF_INET6
    /// Why nobody could say; nullopt: the answer is still to come.
    std::optional<Fault> fault = {};
  };
  /// The family of which it is not known whether the name has addresses; none of them is here.
  std::optional<Unknown> unknown = {};
};

/// Finds the addresses of names without blocking the loop. An interface so that what depends on
/// names can be tested without them.
class Resolver {
 public:
  /// A question under way; destroying it withdraws it.
  class Lookup {
   public:
    Lookup() = default;
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;
    virtual ~Lookup() = default;
  };
  /// The fault says what was wrong, without the name: "no such name", "no answer in time".
  using Done = std::function<void(Result<ResolvedName>)>;

  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  virtual ~Resolver() = default;

  /// `done` comes once, never from inside the call, and may destroy the lookup. Where an answer is
  /// still to come, it comes once more, with all that is known then and without a fault.
  virtual std::unique_ptr<Lookup> resolve(const std::string& name, std::uint16_t port,
                                          Done done) = 0;
};

}  // namespace trackly::net
