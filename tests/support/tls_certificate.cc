#include "tests/support/tls_certificate.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <memory>
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

using File = std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })>;

File open_file(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode));
  if (!file) throw std::runtime_error("cannot open " + path);
  return file;
}

}  // namespace

CertificateFiles make_expired_certificate(const TempDir& directory, const std::string& host) {
  constexpr long kHour = 3600;
  CertificateFiles files = make_certificate(directory, host);
  X509* certificate =
      PEM_read_X509(open_file(files.certificate, "r").get(), nullptr, nullptr, nullptr);
  EVP_PKEY* key =
      PEM_read_PrivateKey(open_file(files.private_key, "r").get(), nullptr, nullptr, nullptr);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate), -kHour);
  X509_sign(certificate, key, EVP_sha256());
  PEM_write_X509(open_file(files.certificate, "w").get(), certificate);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

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
