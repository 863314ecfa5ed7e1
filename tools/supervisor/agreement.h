// How a program and its supervisor begin: the child that is to become the program, and its parent,
// tell each other over a socket how far they are.
//
//   child                           parent
//   here I am                ->     may I look into it at all?
//                            <-     yes, or an errno
//   installs the filter
//   its listener, or -errno  ->     takes the listener, starts to serve
//                            <-     served, or an errno
//   tries each call          ->     answers, if it is asked
//   becomes the program
//
// For one thread at each side.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_AGREEMENT_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_AGREEMENT_H_

#include <stdint.h>

#include <string>

#include "absl/status/statusor.h"
#include "tools/run_options.h"
#include "tools/supervisor/service.h"

namespace anysplice::tools {

class Agreement {
 public:
  static absl::StatusOr<Agreement> prepare();

  // In the child: becomes the program. Without a supervisor, for the reason that it tells, as
  // become() does. Returns an exit status if that fails.
  int become_supervised(const RunOptions& options, const std::string& program);

  // In the parent, which is never worse off: what goes wrong the child is told.
  void supervise(const RunOptions& options, const std::string& program, pid_t child);
  // When the program has ended. False if its calls could not be seen: there are no figures of them.
  bool end();

 private:
  Agreement() = default;
  int without(const RunOptions& options, const std::string& program, const std::string& why);
  CallSet unanswered(CallSet calls) const;
  void introduce_library_by(CallSet served) const;

  int sockets_[2] = {-1, -1};  // the child's and the parent's
  bool* unseen_ = nullptr;     // in memory that both have
  uint32_t probe_ = 0;
  Service* service_ = nullptr;  // never deleted: it has threads
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_AGREEMENT_H_
