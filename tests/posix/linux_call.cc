// A call of Linux's that names_test.py has to find: declared here, where no header does.
extern "C" int epoll_create1(int flags);

namespace anysplice {
int a_call_of_linux() { return epoll_create1(0); }
}  // namespace anysplice
