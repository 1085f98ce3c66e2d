#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/configuration.h"
#include "gateway/api/loop.h"

namespace trackly {

/// Reads the configuration again, on a thread of its own: a large file of keys takes longer than
/// anybody who connects should wait. For one loop.
class Reloader {
 public:
  /// Called on the thread.
  using Load = std::function<std::shared_ptr<const config::Configuration>(Problems&)>;
  /// Wants to hear what became of it: all problems, or none.
  using Asked = std::function<void(const std::vector<std::string>& problems)>;
  /// Called on the loop; nullptr where there are problems. `asked`: who is to be told in the end.
  using Loaded = std::function<void(std::shared_ptr<const config::Configuration>,
                                    const Problems& problems, std::vector<Asked> asked)>;

  /// `loop` outlives it.
  Reloader(Loop& loop, Load load, Loaded loaded);
  /// Waits for the thread.
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Who asks while it reads has it read once more afterwards: the files may have changed under it.
  void start(Asked asked = nullptr);
  bool is_reading() const { return reading_; }

 private:
  void read();
  void finish(std::shared_ptr<const config::Configuration> configuration, const Problems& problems);

  Loop& loop_;
  const Load load_;
  const Loaded loaded_;
  std::thread thread_;
  std::vector<Asked> asked_;       // for what is being read
  std::vector<Asked> asked_next_;  // since it began
  bool reading_ = false;
  bool again_ = false;
};

}  // namespace trackly
