#pragma once

namespace trackly::cli {

/// What the program's exit code says.
enum ExitCode : int { kFine = 0, kProblem = 1, kWrongUsage = 2 };

}  // namespace trackly::cli
