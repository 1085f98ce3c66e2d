#pragma once

#include <memory>
#include <string_view>

#include "gateway/api/stores.h"

// OpenSSL's own names for its types, so that its headers stay in sha256.cc.
struct evp_md_st;
struct evp_md_ctx_st;

namespace trackly::store {

/// SHA-256 with the algorithm looked up once: OpenSSL 3.0's SHA256() does that for each call, which
/// costs more than hashing a key. One per worker; not for several threads.
class Sha256 final : public Hasher {
 public:
  Sha256();
  ~Sha256() override;

  KeyDigest sha256(std::string_view text) override;

 private:
  struct Free {
    void operator()(evp_md_st* algorithm) const;
    void operator()(evp_md_ctx_st* context) const;
  };

  std::unique_ptr<evp_md_st, Free> algorithm_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace trackly::store
