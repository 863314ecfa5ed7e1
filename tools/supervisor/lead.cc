#include "tools/supervisor/lead.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <utility>

#include "core/sys/sys.h"

namespace anysplice::tools {
namespace {

// So many calls of one caller, and none of another, show that it is alone.
constexpr int kAlone = 8;
constexpr int kNoWait = 8;  // RWF_NOWAIT, not in the headers of older systems

thread_local Lead* lead = nullptr;  // that this thread has, if nobody has taken it away
thread_local uint64_t turn = 0;

bool may_wait(int flags, int dont) { return (flags & dont) == 0; }

// Puts a function of ours in front of an entry of the table of system calls: it gives up the lead
// if `Waits` says of the arguments that the call may wait.
template <auto Entry, auto Waits>
struct InFront;

template <typename Return, typename... Parameters, Return (*Sys::*Entry)(Parameters...), auto Waits>
struct InFront<Entry, Waits> {
  static inline Return (*behind)(Parameters...);

  static Return call(Parameters... arguments) {
    if (Lead::is_mine() && Waits(arguments...)) Lead::give_up();
    return behind(arguments...);
  }
  static void put() { behind = std::exchange(sys->*Entry, call); }
};

bool is_file(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

constexpr auto kAlways = [](auto...) { return true; };

template <auto Entry>
void put_in_front() {
  InFront<Entry, kAlways>::put();
}

}  // namespace

void Lead::take() {
  ++followers_;
  while (sem_wait(&free_) != 0) {  // a signal
  }
  --followers_;
  lead = this;
  turn_ = turn = ++turns_;
}

void Lead::got_call_of(pid_t caller, bool alone) {
  in_a_row_ = caller == last_ ? in_a_row_ + 1 : 0;
  last_ = caller;
  // (What is under way may have something locked that this call needs.)
  if (!alone || in_a_row_ < kAlone) give_up();
}

void Lead::give_up() {
  if (Lead* const had = std::exchange(lead, nullptr)) had->take_away(turn);
}

bool Lead::is_mine() { return mine() != 0; }

uint64_t Lead::mine() { return lead != nullptr && lead->turn_ == turn ? turn : 0; }

void Lead::take_away(uint64_t whose) {
  if (whose != 0 && turn_.compare_exchange_strong(whose, 0)) sem_post(&free_);
}

void Lead::give_up_before_engine_waits() {
  put_in_front<&Sys::pselect>();
  put_in_front<&Sys::read>();
  put_in_front<&Sys::readv>();
  put_in_front<&Sys::select>();
  put_in_front<&Sys::write>();
  InFront<&Sys::writev, [](int fd, auto, auto) { return !is_file(fd); }>::put();
  // The kernel's own, where it makes them.
  put_in_front<&Sys::copy_file_range>();
  put_in_front<&Sys::sendfile64>();
  put_in_front<&Sys::splice>();
  put_in_front<&Sys::tee>();
  put_in_front<&Sys::vmsplice>();
  InFront<&Sys::poll, [](auto, auto, int timeout) { return timeout != 0; }>::put();
  InFront<&Sys::recv,
          [](auto, auto, auto, int flags) { return may_wait(flags, MSG_DONTWAIT); }>::put();
  InFront<&Sys::sendmsg,
          [](auto, auto, int flags) { return may_wait(flags, MSG_DONTWAIT); }>::put();
#ifdef ANYSPLICE_HOST_PPOLL
  put_in_front<&Sys::ppoll>();
#endif
#ifdef ANYSPLICE_HOST_PREADV2
  InFront<&Sys::preadv2,
          [](auto, auto, auto, auto, int flags) { return may_wait(flags, kNoWait); }>::put();
#endif
#ifdef ANYSPLICE_HOST_PWRITEV2
  InFront<&Sys::pwritev2,
          [](auto, auto, auto, auto, int flags) { return may_wait(flags, kNoWait); }>::put();
#endif
}

}  // namespace anysplice::tools
