#pragma once

#include <memory>
#include <vector>

#include "gateway/api/settings.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/resolver.h"

namespace trackly::net {

/// A Resolver on c-ares, on one loop: the hosts file first (/etc/hosts, or the one that CARES_HOSTS
/// in the environment names; read again for each question), then DNS, for IPv4 and IPv6 addresses,
/// with the search domains of the system. A name server is asked twice before that counts as no
/// answer. Addresses of the hosts file come in the order of RFC 6724; of others, those of IPv6 come
/// first.
///
/// The two families are asked about separately, since name servers may answer for one only. The
/// first one with addresses does not wait for the other for long (RFC 8305 section 3).
///
/// /etc/resolv.conf is read at the first question, and again at the first one after a name server
/// could not be reached or did not answer.
class DnsResolver final : public Resolver {
 public:
  DnsResolver(EventLoop& loop, const ResolverSettings& settings);
  /// Withdraws the questions that are left.
  ~DnsResolver() override;

  std::unique_ptr<Lookup> resolve(const std::string& name, std::uint16_t port, Done done) override;

 private:
  class Channel;
  class Question;
  class WithdrawingLookup;

  /// The one for new questions. The fault says why there is none.
  Result<Channel*> channel();
  /// Its name servers were not reached: it gets no new questions.
  void retire(Channel& channel);
  /// A retired channel has no questions any more.
  void discard(Channel& channel);

  EventLoop& loop_;
  const ResolverSettings settings_;
  std::unique_ptr<Channel> current_;
  std::vector<std::unique_ptr<Channel>> retired_;
};

}  // namespace trackly::net
