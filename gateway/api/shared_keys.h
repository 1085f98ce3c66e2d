#pragma once

#include <chrono>
#include <memory>

#include "gateway/api/loop.h"
#include "gateway/api/stores.h"

namespace trackly {

/// How long what Redis said of a key may be used.
struct KeyCachePolicy {
  /// Without asking again, while changes are heard of.
  Duration ttl = std::chrono::seconds(60);
  /// While Redis cannot be asked, after it was last known to be right.
  Duration max_stale = std::chrono::minutes(5);
};

/// The keys that all gateways with the same Redis share, as one worker reaches them.
class SharedKeys {
 public:
  SharedKeys() = default;
  SharedKeys(const SharedKeys&) = delete;
  SharedKeys& operator=(const SharedKeys&) = delete;
  virtual ~SharedKeys() = default;

  /// The result does not outlive this.
  virtual std::unique_ptr<KeyStore> open(const KeyCachePolicy& policy) = 0;
};

}  // namespace trackly
