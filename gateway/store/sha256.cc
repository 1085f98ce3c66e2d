#include "gateway/store/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace trackly::store {
namespace {

// OpenSSL fails here only without memory or without its default provider. A digest that is not one
// would let the wrong caller in, so there is nothing to go on with.
void require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

void Sha256::Free::operator()(evp_md_st* algorithm) const { EVP_MD_free(algorithm); }
void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256()
    : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
  require(algorithm_ != nullptr && context_ != nullptr);
}

Sha256::~Sha256() = default;

KeyDigest Sha256::sha256(std::string_view text) {
  KeyDigest digest;
  require(EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1 &&
          EVP_DigestUpdate(context_.get(), text.data(), text.size()) == 1 &&
          EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
  return digest;
}

}  // namespace trackly::store
