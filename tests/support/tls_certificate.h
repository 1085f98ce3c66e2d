#pragma once

#include <string>

#include "tests/support/temp_dir.h"

namespace trackly::test {

struct CertificateFiles {
  std::string certificate;
  std::string private_key;
};

/// A self-signed certificate for localhost and 127.0.0.1, made once per test program by the openssl
/// command and removed with it.
const CertificateFiles& test_certificate();

/// Makes a certificate for `host` in `directory`, anew each time, with the subject CN=host. It is
/// signed by `authority`, or by itself; either way it can sign others.
CertificateFiles make_certificate(const TempDir& directory, const std::string& host,
                                  const CertificateFiles* authority = nullptr);

/// The same, signed by itself, and no longer valid.
CertificateFiles make_expired_certificate(const TempDir& directory, const std::string& host);

}  // namespace trackly::test
