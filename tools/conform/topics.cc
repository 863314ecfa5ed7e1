#include "tools/conform/topics.h"

#include <stdexcept>
#include <string>

namespace conform {
namespace {

constexpr Topic kTopics[] = {
    {"splice: every pair of kinds", "splice", "pairs", "", " -> any",
     "splice(2): one end must be a pipe (EINVAL if neither is), the input open for reading and the "
     "output for writing (EBADF); not every file can be spliced (EINVAL)"},
    {"splice: offsets, lengths and flags, from every kind", "splice", "arguments", "", " -> pipe",
     "splice(2): a pipe takes no offset (ESPIPE); a file is read at the offset, if there is one, "
     "and "
     "then its position stays; a length of 0 moves nothing; unknown flags give EINVAL"},
    {"splice: offsets, lengths and flags, to every kind", "splice", "arguments", "pipe ", "",
     "splice(2): a pipe takes no offset (ESPIPE); a file is written at the offset, if there is "
     "one, "
     "and then its position stays; a file open for appending is refused (EINVAL)"},
    {"splice: order of the checks", "splice", "order", "", "",
     "splice(2) lists the errors; of several that apply, programs see the one that Linux looks for "
     "first, which the manual page does not say"},
    {"splice: a pipe with itself", "splice", "itself", "", "",
     "splice(2): both ends must not be of the same pipe (EINVAL)"},
    {"splice: files that can only be read", "splice", "only_readable", "", " -> pipe",
     "splice(2): EINVAL if the file system cannot splice; of procfs, many files can only be read"},
    {"splice: file to pipe, by what is in the pipe", "splice", "room", "", "",
     "splice(2), pipe(7): a call moves what the file has and what there is room for, and returns "
     "the "
     "number of bytes; a full pipe gives EAGAIN with SPLICE_F_NONBLOCK"},
    {"splice: file to pipe, several times", "splice", "pieces", "", " -> pipe",
     "pipe(7): a pipe has a fixed number of slots, and each piece of a file takes its own"},
    {"splice: pipe to file, by what is in the pipe", "splice", "content", "", "",
     "splice(2): bytes leave the pipe in order and arrive at the file's position or at the offset"},
    {"splice: pipe to pipe, by what is in both", "splice", "between", "", "",
     "splice(2): between pipes, bytes move in order until the length is reached, the input is "
     "empty "
     "or the output is full"},
    {"splice: positions and offsets", "splice", "positions", "", "",
     "splice(2): without an offset the file's position is used and moved, with one neither; at the "
     "end of a file, 0 is returned"},
    {"splice: a file that takes no more", "splice", "full_file", "", "",
     "write(2): at the limit of the file's size a part is written, and then EFBIG with SIGXFSZ "
     "comes; a full file system gives ENOSPC; what was not written stays in the pipe"},
    {"tee: every pair of kinds", "tee", "pairs", "", " -> any",
     "tee(2): both ends must be pipes, and not the same one (EINVAL)"},
    {"tee: lengths, flags and the order of the checks", "tee", "order", "", "",
     "tee(2) lists the errors; of several that apply, programs see the one that Linux looks for "
     "first, which the manual page does not say"},
    {"tee: by what is in both pipes", "tee", "between", "", "",
     "tee(2): bytes are duplicated until the length is reached, the input has no more or the "
     "output "
     "is full; the input keeps them"},
    {"tee: what the input shows afterwards", "tee", "input", "", "",
     "tee(2): the input is not consumed; whoever reads, polls or asks for its size sees the same "
     "as "
     "before"},
    {"vmsplice: every kind, every flag", "vmsplice", "flags", "", "",
     "vmsplice(2): the descriptor must be a pipe (EBADF); more than IOV_MAX segments and unknown "
     "flags give EINVAL"},
    {"vmsplice: segments into a pipe", "vmsplice", "segments", "", "",
     "vmsplice(2), readv(2): segments enter the pipe in order, empty ones count for nothing; "
     "memory "
     "that cannot be read gives EFAULT, unless something has moved before it"},
    {"vmsplice: segments out of a pipe", "vmsplice", "segments", "", "",
     "vmsplice(2), readv(2): the segments are filled in order; memory that cannot be written gives "
     "EFAULT, and what was not moved stays in the pipe"},
    {"vmsplice: memory and what becomes of it", "vmsplice", "memory", "", "",
     "vmsplice(2): the pipe refers to the memory of the program, also after it was unmapped"},
    {"sendfile: every pair of kinds", "sendfile", "pairs", "", " -> any",
     "sendfile(2): the input must be something that can be read like a file, not a socket "
     "(EINVAL); "
     "the output may be any descriptor, but none for appending (EINVAL)"},
    {"sendfile: order of the checks", "sendfile", "order", "", "",
     "sendfile(2) lists the errors; of several that apply, programs see the one that Linux looks "
     "for first, which the manual page does not say"},
    {"sendfile: into a pipe, by what is in it", "sendfile", "room", "file ", "",
     "sendfile(2): what there is room for is sent; the offset, or else the position, moves by "
     "that"},
    {"sendfile: files", "sendfile", "files", "", "",
     "sendfile(2): with an offset it is updated and the position stays, without one the position "
     "moves; fewer bytes than asked for may be sent"},
    {"sendfile: to sockets and pipes that take only a part", "sendfile", "partial", "", "",
     "sendfile(2): an output that does not block takes a part, and then gives EAGAIN"},
    {"copy_file_range: every pair of ends, flags, lengths", "copy_file_range", "pairs", "",
     " -> any",
     "copy_file_range(2): both ends must be regular files (EINVAL, EISDIR), the input open for "
     "reading and the output for writing, not for appending (EBADF); flags must be 0 (EINVAL)"},
    {"copy_file_range: offsets", "copy_file_range", "offsets", "", " -> file",
     "copy_file_range(2): with an offset it is updated and the position stays, without one the "
     "position moves; at the end of the input, 0 is returned"},
    {"copy_file_range: within one file", "copy_file_range", "itself", "", "",
     "copy_file_range(2): both ends may be the same file, but the ranges must not overlap "
     "(EINVAL)"},
    {"copy_file_range: data", "copy_file_range", "data", "", "",
     "copy_file_range(2): the bytes of the range are in the output afterwards, as far as the input "
     "has them and the output's size is allowed (EFBIG); file systems of two kinds give EXDEV"},
    {"pipes: F_SETPIPE_SZ, by what is in the pipe", "pipe", "size", "", "",
     "F_SETPIPE_SZ in fcntl(2): sizes are rounded up to pages times a power of two; less than what "
     "is in use gives EBUSY, more than the limit EPERM"},
    {"pipes: splice mixed with read and write", "pipe", "mixed", "", "",
     "pipe(7): bytes that were spliced into a pipe and bytes that were written are one stream"},
    {"pipes: ends that close", "pipe", "closing", "", "",
     "pipe(7): without a writer a pipe ends after its last byte; without a reader, whoever fills "
     "it "
     "gets EPIPE and SIGPIPE"},
    {"pipes: packets (O_DIRECT)", "pipe", "packets", "", "",
     "O_DIRECT in pipe(2): each write is a packet; a read takes one and drops what it has no room "
     "for"},
    {"sockets: messages are kept whole", "splice", "messages", "", "",
     "socket(2): a socket of messages gives one message at a time and sends what a call moves as "
     "one; a stream knows no boundaries"},
    {"sockets: partial sends", "splice", "partial", "", "",
     "send(2): a socket that does not block takes a part, and then gives EAGAIN; what was not sent "
     "stays in the pipe"},
    {"sockets: SPLICE_F_MORE on TCP", "splice", "more", "", "",
     "splice(2), MSG_MORE in send(2): with SPLICE_F_MORE a partial segment is kept back until more "
     "comes"},
    {"sockets: peers that go away", "splice", "peers", "", "",
     "send(2), recv(2): a peer that is gone means EPIPE with SIGPIPE, or ECONNRESET; its last "
     "bytes "
     "can still be received"},
    {"waiting: every way to wait, every release", "splice", "release", "", "",
     "splice(2), signal(7): a call sleeps until there are bytes and room, or no more to come; a "
     "handler without SA_RESTART ends it with EINTR if nothing has moved"},
    {"waiting: SPLICE_F_NONBLOCK and O_NONBLOCK", "splice", "nonblock", "", "",
     "splice(2): SPLICE_F_NONBLOCK keeps a call from waiting for a pipe, O_NONBLOCK from waiting "
     "for that end (EAGAIN)"},
    {"waiting: every kind, with nothing to move", "splice", "waits", "", "",
     "splice(2): only a call that could ever move something waits; what is refused, is at once"},
    {"waiting: after a part has moved", "splice", "part", "", "",
     "splice(2): a call that has moved something returns that instead of waiting for more, but "
     "vmsplice, and sendfile to a blocking output, go on"},
    {"waiting: sockets that were shut down", "splice", "shut", "", "",
     "recv(2), shutdown(2): of a socket shut for reading a read that waits says end, one that does "
     "not EAGAIN, where messages are kept apart"},
    {"watching: every load, before and after", "watch", "state", "", "",
     "poll(2), select(2), epoll(7): a pipe is readable while it has bytes, writable while it has "
     "room; FIONREAD tells the number of bytes"},
    {"watching: waiting for a pipe", "watch", "waiting", "", "",
     "poll(2), select(2), epoll(7): bytes and room that splice, tee or vmsplice make wake whoever "
     "waits for them"},
    {"watching: epoll and bytes that stay", "watch", "epoll", "", "",
     "epoll(7): what a set reports follows what is in the pipe, through EPOLL_CTL_MOD, "
     "EPOLL_CTL_DEL "
     "and EPOLLONESHOT"},
    {"sequences: calls in any order, with room", "sequence", "random", "", "",
     "splice(2), tee(2), vmsplice(2), sendfile(2): the same calls in any order lose, add and "
     "reorder "
     "no byte"},
    {"sequences: calls in any order, up to full pipes", "sequence", "random", "", "",
     "splice(2), tee(2), vmsplice(2), sendfile(2): the same calls in any order lose, add and "
     "reorder "
     "no byte, also when pipes are full"},
};

}  // namespace

const Topic& topic_of(std::string_view group) {
  for (const Topic& topic : kTopics) {
    if (topic.group == group) return topic;
  }
  throw std::logic_error("topics.cc lacks the group " + std::string(group));
}

}  // namespace conform
