// Descriptors that the engine opens for a moment, of ends of the program's pipes. A fork in another
// thread would give them to a child, where nobody knows of them: as long as it lives, the pipe
// would not end. So forks and such moments keep out of each other's way.
//
// Async-signal-safe. Who would wait for himself does so for a tenth of a second: a handler that
// forks in the middle of such a moment, a transfer in a handler of pthread_atfork(3), a fork after
// a handler has left such a moment by longjmp.
#ifndef ANYSPLICE_CORE_SYS_TRANSIENT_DESCRIPTOR_H_
#define ANYSPLICE_CORE_SYS_TRANSIENT_DESCRIPTOR_H_

namespace anysplice {

// As long as it lives, descriptors may be opened for a moment.
class TransientDescriptor {
 public:
  TransientDescriptor();
  ~TransientDescriptor();
  TransientDescriptor(const TransientDescriptor&) = delete;
  TransientDescriptor& operator=(const TransientDescriptor&) = delete;
};

// Around a fork: waits until there are none, and keeps them from being opened until end_fork(),
// which both processes call.
void begin_fork();
void end_fork(bool child);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_TRANSIENT_DESCRIPTOR_H_
