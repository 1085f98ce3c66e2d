#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/api_description.h"

namespace trackly::proxy {

/// Finds the operation of a request. Paths are compared segment by segment, percent-decoded, case
/// and trailing slash included; a literal segment goes before a parameter (OpenAPI 3.1, "Path
/// Templating Matching"). Immutable; shared by all workers.
class Router {
 public:
  /// `api` outlives the router.
  explicit Router(const ApiDescription& api);

  struct Match {
    const Operation* operation = nullptr;  // nullptr: no such path, or not with this method
    std::vector<std::string> values;       // of the path parameters, in order, decoded
  };

  /// Requires: the path is unambiguous (http/request_target.h). HEAD uses the operation of GET.
  Match match(std::string_view method, std::string_view path) const;

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::map<std::string, const Operation*, std::less<>>
        operations;  // by method, of a path that ends here
  };

  static const Operation* find(const Node& node, std::string_view method,
                               const std::vector<std::string>& segments, std::size_t next,
                               std::vector<std::string>& values);

  Node root_;
};

}  // namespace trackly::proxy
