// Descriptors of the program's pipes that the engine opens briefly. If another thread forked just
// then, the child would inherit such a descriptor without knowing of it, and the pipe would not
// reach end of file as long as the child lives. So these descriptors and forks exclude each other.
//
// Thread-safe and async-signal-safe. A thread that would wait for itself gives up after a tenth of
// a second. That can happen when a handler forks while such a descriptor is open, when a handler of
// pthread_atfork(3) makes a transfer, or when a handler has left by longjmp while one was open and
// the thread then forks.
#ifndef ANYSPLICE_CORE_SYS_TRANSIENT_DESCRIPTOR_H_
#define ANYSPLICE_CORE_SYS_TRANSIENT_DESCRIPTOR_H_

namespace anysplice {

// While an object of this class exists, such descriptors may be opened, and forks wait.
class TransientDescriptor {
 public:
  TransientDescriptor();
  ~TransientDescriptor();
  TransientDescriptor(const TransientDescriptor&) = delete;
  TransientDescriptor& operator=(const TransientDescriptor&) = delete;
};

// Around a fork: begin_fork() waits until no such descriptor is open, and lets none be opened until
// end_fork(), which parent and child both call.
void begin_fork();
void end_fork(bool child);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_TRANSIENT_DESCRIPTOR_H_
