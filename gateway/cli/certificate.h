#pragma once

#include <string>

#include "gateway/api/loop.h"
#include "gateway/api/result.h"

namespace trackly::cli {

/// What a certificate says of itself.
struct CertificateFacts {
  std::string names;  // whom it is for: "api.example, *.api.example"
  WallTime not_before;
  WallTime not_after;
};

/// The first certificate of a PEM file.
Result<CertificateFacts> read_certificate(const std::string& path);

/// "for api.example, until 2026-03-14", and how soon that is; not ok where it is not valid at
/// `now`.
struct CertificateJudgement {
  bool ok = false;
  std::string text;
};
CertificateJudgement judge(const CertificateFacts& facts, WallTime now);

}  // namespace trackly::cli
