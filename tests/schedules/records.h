// Bytes as records with a number, and an account of where each of them turned up.
#ifndef ANYSPLICE_TESTS_SCHEDULES_RECORDS_H_
#define ANYSPLICE_TESTS_SCHEDULES_RECORDS_H_

#include <cstdint>
#include <vector>

namespace schedules {

struct Record {
  uint64_t number;
  uint64_t check;
};

void write_records(int fd, uint64_t from, uint32_t count);
// All that can be read now.
std::vector<Record> all_of(int fd);

// Where every record of a round turned up.
class Account {
 public:
  Account(uint64_t first, uint32_t count, bool ordered)
      : first_(first), times_(count), ordered_(ordered) {}

  // Records that came one after another. A step back must be to records that came before.
  void add(const char* where, const std::vector<Record>& records);

  // Copies: so many calls made them, each of a stretch of the records; of up to three where some
  // are lost or doubled in the middle.
  void add_copies(const std::vector<Record>& records, uint32_t calls);

  // Compares. `most`: records that the call of the one that was killed was asked for. In its hands
  // were those, and, while it put bytes back, all that the pipe had.
  void close(uint32_t most, uint32_t* lost, uint32_t* doubled) const;

 private:
  void check(const char* where, const Record& record) const;
  void stretch(uint32_t times, uint32_t most, uint32_t* length) const;

  uint64_t first_;
  std::vector<uint32_t> times_;
  bool ordered_;
};

}  // namespace schedules

#endif  // ANYSPLICE_TESTS_SCHEDULES_RECORDS_H_
