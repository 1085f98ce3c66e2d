#include "tests/support/tls_certificate.h"

#include <stdexcept>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace trackly::test {
namespace {

CertificateFiles make_certificate(const TempDir& directory) {
  CertificateFiles files{directory / "server.crt", directory / "server.key"};
  const CommandResult made =
      run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
           "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
           "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", files.private_key, "-out",
           files.certificate});
  if (made.exit_code != 0) throw std::runtime_error("openssl req: " + made.err);
  return files;
}

}  // namespace

const CertificateFiles& test_certificate() {
  static const TempDir directory;
  static const CertificateFiles files = make_certificate(directory);
  return files;
}

}  // namespace trackly::test
