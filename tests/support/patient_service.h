#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

#include "tests/support/patience.h"
#include "tests/support/service.h"

namespace trackly::test {

/// A service that answers only when it is told to.
class PatientService {
 public:
  explicit PatientService(Upstream upstream, Reaction reaction = {})
      : service_(upstream, [this, reaction = std::move(reaction)](const HttpMessage&, std::size_t) {
          std::unique_lock lock(mutex_);
          told_.wait_for(lock, kPatience, [this] { return answer_; });
          return reaction;
        }) {}
  ~PatientService() { answer(); }
  PatientService(const PatientService&) = delete;
  PatientService& operator=(const PatientService&) = delete;

  const std::string& url() const { return service_.url(); }
  const RequestLog& requests() const { return service_.requests(); }
  void answer() {
    const std::lock_guard lock(mutex_);
    answer_ = true;
    told_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  bool answer_ = false;
  Service service_;  // last: its threads use the rest
};

}  // namespace trackly::test
