#include "tests/support/tls_certificate.h"

#include <stdexcept>
#include <vector>

#include "tests/support/process.h"

namespace trackly::test {
namespace {

void openssl(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"openssl"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const CommandResult made = run(command);
  if (made.exit_code != 0) throw std::runtime_error("openssl: " + made.err);
}

}  // namespace

CertificateFiles make_certificate(const TempDir& directory, const std::string& host,
                                  const CertificateFiles* authority) {
  CertificateFiles files{directory / (host + ".crt"), directory / (host + ".key")};
  std::vector<std::string> arguments{"req",
                                     "-x509",
                                     "-newkey",
                                     "ec",
                                     "-pkeyopt",
                                     "ec_paramgen_curve:prime256v1",
                                     "-nodes",
                                     "-days",
                                     "2",
                                     "-subj",
                                     "/CN=" + host,
                                     "-addext",
                                     "subjectAltName=DNS:" + host + ",IP:127.0.0.1",
                                     "-keyout",
                                     files.private_key,
                                     "-out",
                                     files.certificate};
  if (authority != nullptr) {
    arguments.insert(arguments.end(),
                     {"-CA", authority->certificate, "-CAkey", authority->private_key});
  }
  openssl(arguments);
  return files;
}

const CertificateFiles& test_certificate() {
  static const TempDir directory;
  static const CertificateFiles files = make_certificate(directory, "localhost");
  return files;
}

}  // namespace trackly::test
