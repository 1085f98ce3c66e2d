#include "tests/support/fake_resolver.h"

#include <algorithm>
#include <utility>

#include "gateway/net/socket_address.h"

namespace trackly::test {

class FakeResolver::Question final : public Lookup {
 public:
  Question(FakeResolver& resolver, std::string name, std::uint16_t port, Done done)
      : resolver_(resolver), name_(std::move(name)), port_(port), done_(std::move(done)) {
    resolver_.waiting_.push_back(this);
  }
  ~Question() override { std::erase(resolver_.waiting_, this); }

  const std::string& name() const { return name_; }
  std::uint16_t port() const { return port_; }
  const Done& done() const { return done_; }

 private:
  FakeResolver& resolver_;
  const std::string name_;
  const std::uint16_t port_;
  const Done done_;
};

std::unique_ptr<net::Resolver::Lookup> FakeResolver::resolve(const std::string& name,
                                                             std::uint16_t port, Done done) {
  asked_.push_back(name);
  return std::make_unique<Question>(*this, name, port, std::move(done));
}

std::size_t FakeResolver::questions(const std::string& name) const {
  return static_cast<std::size_t>(std::count(asked_.begin(), asked_.end(), name));
}

void FakeResolver::answer(const std::string& name, const std::vector<std::string>& addresses,
                          Duration ttl) {
  finish(name, resolved(name, addresses, ttl));
}

void FakeResolver::answer_half(const std::string& name, const std::vector<std::string>& addresses,
                               int unknown, const std::string& why) {
  net::ResolvedName half = resolved(name, addresses, std::chrono::minutes(1));
  half.unknown = {.family = unknown, .fault = Fault{why}};
  finish(name, std::move(half));
}

void FakeResolver::answer_first_half(const std::string& name,
                                     const std::vector<std::string>& addresses, int unknown) {
  net::ResolvedName half = resolved(name, addresses, std::chrono::minutes(1));
  half.unknown = {.family = unknown};
  // It may destroy the question.
  const Done done = find(name)->done();
  done(std::move(half));
}

net::ResolvedName FakeResolver::resolved(const std::string& name,
                                         const std::vector<std::string>& addresses,
                                         Duration ttl) const {
  net::ResolvedName resolved;
  resolved.ttl = ttl;
  for (const std::string& address : addresses) {
    resolved.addresses.push_back(net::parse_socket_address(address, find(name)->port()).value());
  }
  return resolved;
}

void FakeResolver::fail(const std::string& name, const std::string& why) {
  finish(name, Fault{why});
}

FakeResolver::Question* FakeResolver::find(const std::string& name) const {
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(),
                   [&name](const Question* question) { return question->name() == name; });
  return found == waiting_.end() ? nullptr : *found;
}

void FakeResolver::finish(const std::string& name, Result<net::ResolvedName> answer) {
  Question* question = find(name);
  std::erase(waiting_, question);
  // It may destroy the question.
  const Done done = question->done();
  done(std::move(answer));
}

}  // namespace trackly::test
