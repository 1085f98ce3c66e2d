#include "gateway/cli/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>

namespace trackly::cli {
namespace {

using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

// A certificate that ends within that is worth a word.
constexpr auto kSoon = std::chrono::hours(24 * 14);

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string subject_of(X509* certificate) {
  std::array<char, 256> text{};
  X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), static_cast<int>(text.size()));
  return text.data();
}

/// Its DNS names; without any, its subject.
std::string names_of(X509* certificate) {
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
                           X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
                       &GENERAL_NAMES_free);
  std::string all;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    all.append(all.empty() ? "" : ", ")
        .append(bytes, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return all.empty() ? subject_of(certificate) : all;
}

std::string date_of(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

}  // namespace

Result<CertificateFacts> read_certificate(const std::string& path) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(path.c_str(), "r"), &BIO_free);
  if (file == nullptr) return Fault{"cannot read " + path};
  const X509Ptr certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), &X509_free);
  if (certificate == nullptr) return Fault{"no certificate in " + path};
  return CertificateFacts{names_of(certificate.get()),
                          time_of(X509_get0_notBefore(certificate.get())),
                          time_of(X509_get0_notAfter(certificate.get()))};
}

CertificateJudgement judge(const CertificateFacts& facts, WallTime now) {
  const std::string whose = "for " + facts.names;
  if (now < facts.not_before) return {false, whose + ", not before " + date_of(facts.not_before)};
  if (now > facts.not_after) return {false, whose + ", expired on " + date_of(facts.not_after)};
  std::string text = whose + ", until " + date_of(facts.not_after);
  if (facts.not_after - now < kSoon) {
    const auto hours = std::chrono::duration_cast<std::chrono::hours>(facts.not_after - now);
    text += ", in " + std::to_string(hours.count() / 24) + " days";
  }
  return {true, text};
}

}  // namespace trackly::cli
