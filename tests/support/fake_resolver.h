#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/resolver.h"

namespace trackly::test {

/// Knows no name: each question waits for its test to answer it.
class FakeResolver final : public net::Resolver {
 public:
  std::unique_ptr<Lookup> resolve(const std::string& name, std::uint16_t port, Done done) override;

  /// How often that name was asked for.
  std::size_t questions(const std::string& name) const;
  /// A question for it is under way: neither answered nor withdrawn.
  bool is_asked(const std::string& name) const { return find(name) != nullptr; }

  // What happens to the oldest question for that name. Requires: is_asked(name).
  /// `addresses` are literals.
  void answer(const std::string& name, const std::vector<std::string>& addresses,
              Duration ttl = {});
  /// An answer with one family, of which the other is not known: since nobody could say, or yet.
  void answer_half(const std::string& name, const std::vector<std::string>& addresses, int unknown,
                   const std::string& why);
  /// The question stays.
  void answer_first_half(const std::string& name, const std::vector<std::string>& addresses,
                         int unknown);
  void fail(const std::string& name, const std::string& why);

 private:
  class Question;

  Question* find(const std::string& name) const;
  net::ResolvedName resolved(const std::string& name, const std::vector<std::string>& addresses,
                             Duration ttl) const;
  void finish(const std::string& name, Result<net::ResolvedName> answer);

  std::vector<std::string> asked_;
  std::vector<Question*> waiting_;  // owned by those who asked
};

}  // namespace trackly::test
