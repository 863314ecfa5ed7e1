// A world in which every byte is accounted for.
//
// Bytes come from one endless stream in which each place looks different. A Box is anything that
// holds bytes: a pipe, a file, a socket. Every call goes through the World, which moves what the
// call says it moved from one box's account to the other's. In the end each box must hold exactly
// what its account says: so nothing was lost, doubled or reordered, and no call moved more or less
// than it returned.
#ifndef ANYSPLICE_TESTS_FAULTS_WORLD_H_
#define ANYSPLICE_TESTS_FAULTS_WORLD_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace faults {

// Ends the scenario: the fault left nothing to go on with.
struct Over {};

struct Box {
  enum Kind { kPipe, kSource, kSink, kSocket, kMessages };
  const char* name;
  Kind kind;
  int out = -1;        // where its bytes come out
  int in = -1;         // where bytes are put in; of a socket the engine's end, `out` is the peer's
  bool loses = false;  // nobody reads it: what is in it is not looked at
  std::string account = {};  // what must be in it
};

class World {
 public:
  // --- boxes. Pipes made by the engine, by the system (as if inherited), and a FIFO ------------
  Box& pipe(int flags = 0);
  Box& stranger(int flags = 0);
  Box& fifo();
  Box& source(size_t bytes, const char* folder = "/tmp");  // a file, at its start
  Box& sink();                                             // an empty file
  Box& socket(int type);                                   // that the program writes to
  Box& tcp();                                              // the same, by loopback
  Box& talking(int type, size_t bytes);                    // a socket that has so much to say
  Box& talking_tcp(size_t bytes);
  Box& device(const char* path);  // whose bytes are nobody's

  // --- calls of the family and their neighbours; what they return ------------------------------
  ssize_t splice(Box& from, Box& to, size_t length, unsigned flags = 0, off64_t* off_in = nullptr,
                 off64_t* off_out = nullptr);
  ssize_t tee(Box& from, Box& to, size_t length, unsigned flags = 0);
  ssize_t sendfile(Box& to, Box& from, size_t length, off64_t* offset = nullptr);
  ssize_t copy_file_range(Box& from, Box& to, size_t length);
  ssize_t vmsplice_in(Box& to, size_t length, unsigned flags = 0);
  ssize_t vmsplice_out(Box& from, size_t length, unsigned flags = 0);
  ssize_t write(Box& to, size_t length);
  ssize_t writev(Box& to, size_t length);
  ssize_t pwritev2(Box& to, size_t length);
  ssize_t read(Box& from, size_t length);
  ssize_t readv(Box& from, size_t length);
  ssize_t preadv2(Box& from, size_t length);
  void close(int& fd);

  // Bytes put in by somebody who does not go through the engine.
  void put_in(Box& to, size_t length);
  // The next bytes of the stream. They stay where they are: the kernel's vmsplice refers to them.
  std::string_view next(size_t length);
  // Somebody else took these out.
  void took(Box& from, std::string_view bytes);

  // Something went wrong. The first report counts.
  void wrong(const std::string& what);
  // What must be so, but where the engine has said on stderr that it could not put bytes back.
  void expect(bool condition, const char* what) {
    if (!condition && !complained()) wrong(what);
  }
  static bool complained();

  // The conservation law, and that nothing is locked: empties all boxes from another thread.
  void settle_accounts();
  const std::string& verdict() const { return verdict_; }

 private:
  Box& add(Box box);
  // Checks the answer of a call of the family and keeps the accounts.
  ssize_t moved(const char* call, ssize_t n, size_t length, Box* from, Box* to, bool copy = false);
  ssize_t arrived(const char* call, ssize_t n, Box& from, std::string_view bytes);
  ssize_t written(Box& to, ssize_t n, std::string_view bytes);
  void empty(Box& box);
  static std::string diagnosis(std::string_view want, std::string_view got);

  size_t used_ = 0;
  std::deque<Box> boxes_;
  std::string verdict_;
};

struct Scenario {
  const char* name;
  void (*run)(World&);
};
// All there are, from the files scenarios_*.cc.
std::vector<Scenario>& scenarios();
struct Listed {
  Listed(const char* name, void (*run)(World&)) { scenarios().push_back({name, run}); }
};
#define SCENARIO(name)                                    \
  static void name(faults::World&);                       \
  static const faults::Listed name##_listed(#name, name); \
  static void name(faults::World& w)

}  // namespace faults

#endif  // ANYSPLICE_TESTS_FAULTS_WORLD_H_
