#pragma once

#include <string>

namespace trackly::test {

struct CertificateFiles {
  std::string certificate;
  std::string private_key;
};

/// A self-signed certificate for localhost and 127.0.0.1, made once per test program by the openssl
/// command and removed with it.
const CertificateFiles& test_certificate();

}  // namespace trackly::test
