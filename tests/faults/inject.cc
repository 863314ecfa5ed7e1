#include "inject.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <tuple>

#include "core/base/sync_point.h"
#include "core/sys/sys.h"

namespace faults {
namespace {

constexpr size_t kEvents = 16384;
constexpr size_t kFunctions = 0
#define SYS(ret, name, params) +1
#include "core/sys/calls.def"
    ;

constexpr const char* kNames[] = {
#define SYS(ret, name, params) #name,
#include "core/sys/calls.def"
};

struct Record {
  std::atomic<uint32_t> used;
  std::atomic<bool> fired;
  Event events[kEvents];
};

anysplice::Sys real;
Record* record;
std::atomic<bool> armed;
Plan plan;
int lacking[kFunctions];
bool addresses_first;
std::atomic<int> interrupted{-1};  // the function in the middle of which something is to happen
std::function<void()> happens;

// What is to happen to a call: 0 nothing, -1 it is to be short, or an errno.
int fate(Function function, uintptr_t site, long detail) {
  const int missing = lacking[static_cast<size_t>(function)];
  if (!armed.load(std::memory_order_relaxed)) return missing;
  if (int here = static_cast<int>(function); interrupted.compare_exchange_strong(here, -1)) {
    happens();
  }
  const uint32_t at = std::min<uint32_t>(record->used.fetch_add(1), kEvents - 1);
  record->events[at] = {function, site, detail};
  if (plan.kind == Kind::kNothing || site != plan.site) return missing;
  // The calls of one site before this one; those of other threads count when they began before.
  const auto before = std::count_if(record->events, record->events + at,
                                    [&](const Event& event) { return event.site == site; });
  const bool hit =
      plan.kind == Kind::kAlways ? before >= plan.occurrence : before == plan.occurrence;
  if (!hit) return missing;
  record->fired = true;
  return plan.kind == Kind::kShort ? -1 : plan.error;
}

size_t half(size_t length) { return length > 1 ? length / 2 : length; }

// The first half of what iovecs describe.
struct Halved {
  iovec iov[256];
  int count = 0;
  Halved(const iovec* from, size_t n) {
    size_t total = 0;
    for (size_t i = 0; i < n; ++i) total += from[i].iov_len;
    size_t left = half(total);
    for (size_t i = 0; i < n && count < 256 && left > 0; ++i) {
      iov[count] = {from[i].iov_base, std::min(from[i].iov_len, left)};
      left -= iov[count++].iov_len;
    }
  }
};

constexpr bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Makes the call with half of its length, where it has one.
template <Function F, typename R, typename... A>
R shortened(R (*call)(A...), std::tuple<A...> args) {
  constexpr std::string_view kName = kNames[static_cast<size_t>(F)];
  if constexpr (is_one_of(kName, {"read", "pread", "write", "pwrite", "recv", "send", "tee"})) {
    std::get<2>(args) = half(std::get<2>(args));
  } else if constexpr (kName == "splice") {
    std::get<4>(args) = half(std::get<4>(args));
  } else if constexpr (kName == "sendfile64") {
    std::get<3>(args) = half(std::get<3>(args));
  } else if constexpr (is_one_of(kName,
                                 {"readv", "writev", "preadv", "pwritev", "preadv2", "pwritev2",
                                  "vmsplice", "process_vm_readv", "process_vm_writev"})) {
    const Halved part(std::get<1>(args), static_cast<size_t>(std::get<2>(args)));
    std::get<1>(args) = part.iov;
    std::get<2>(args) = static_cast<std::tuple_element_t<2, std::tuple<A...>>>(part.count);
    return std::apply(call, args);
  } else if constexpr (kName == "sendmsg") {
    msghdr message = *std::get<1>(args);
    Halved part(message.msg_iov, message.msg_iovlen);
    message.msg_iov = part.iov;
    message.msg_iovlen = static_cast<size_t>(part.count);
    std::get<1>(args) = &message;
    return std::apply(call, args);
  }
  return std::apply(call, args);
}

template <Function F, typename... A>
long detail_of(const std::tuple<A...>& args) {
  if constexpr (F == Function::fcntl || F == Function::ioctl) {
    return static_cast<long>(std::get<1>(args));
  } else if constexpr (F == Function::syscall) {
    return std::get<0>(args);
  }
  return 0;
}

// Whether the call is made with a buffer that it cannot access.
template <Function F, typename... A>
bool bad_address(const std::tuple<A...>& args) {
  if constexpr (F == Function::read || F == Function::write) {
    char byte;
    const iovec ours{&byte, 1};
    const iovec theirs{const_cast<void*>(static_cast<const void*>(std::get<1>(args))), 1};
    return real.process_vm_readv(real.getpid(), &ours, 1, &theirs, 1, 0) < 0;
  }
  return false;
}

template <typename Signature>
struct Entry;

template <typename R, typename... A>
struct Entry<R(A...)> {
  template <Function F, R (*anysplice::Sys::*Member)(A...)>
  static R call(A... given) {
    const auto site = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
    const std::tuple<A...> args(given...);
    int what = fate(F, site, detail_of<F>(args));
    if (what == 0 && addresses_first && bad_address<F>(args)) what = EFAULT;
    if (what == 0) return (real.*Member)(given...);
    if (what < 0) return shortened<F>(real.*Member, args);
    // A close that fails has closed all the same (close(2)).
    if constexpr (F == Function::close) (real.*Member)(given...);
    errno = what;
    if constexpr (std::is_same_v<R, void*>) {
      return MAP_FAILED;
    } else if constexpr (!std::is_void_v<R>) {
      return static_cast<R>(-1);
    }
  }
};

}  // namespace

const char* name_of(Function function) { return kNames[static_cast<size_t>(function)]; }

void take_over() {
  real = anysplice::sys_table;
#define SYS(ret, name, params) \
  anysplice::sys_table.name = &Entry<ret params>::call<Function::name, &anysplice::Sys::name>;
#include "core/sys/calls.def"
  record = static_cast<Record*>(
      mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

void lack(Function function, int error) { lacking[static_cast<size_t>(function)] = error; }

void look_at_addresses_first() { addresses_first = true; }

void arm(const Plan& wanted) {
  plan = wanted;
  record->used = 0;
  record->fired = false;
  armed = true;
}

void disarm() { armed = false; }

void meanwhile(Function function, std::function<void()> what) {
  happens = std::move(what);
  interrupted = static_cast<int>(function);
}

bool fired() { return record->fired; }

std::vector<Event> events() {
  return {record->events, record->events + std::min<size_t>(record->used, kEvents)};
}

}  // namespace faults

// Here nobody gets in between.
void anysplice::sync_point() {}
