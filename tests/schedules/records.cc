#include "records.h"

#include <algorithm>
#include <string>

#include "schedule.h"

namespace schedules {
namespace {

uint64_t check_of(uint64_t number) { return ~number * 0x9e3779b97f4a7c15u; }

}  // namespace

void write_records(int fd, uint64_t from, uint32_t count) {
  std::vector<Record> records;
  for (uint32_t i = 0; i < count; ++i) records.push_back({from + i, check_of(from + i)});
  const char* bytes = reinterpret_cast<const char*>(records.data());
  for (size_t left = records.size() * sizeof(Record); left > 0;) {
    const ssize_t n = anysplice::write(fd, bytes, left);
    if (n <= 0) wrong("write: errno " + std::to_string(errno));
    bytes += n;
    left -= static_cast<size_t>(n);
  }
}

std::vector<Record> all_of(int fd) {
  std::vector<Record> records(1 << 15);
  const size_t room = records.size() * sizeof(Record);
  size_t done = 0;
  for (ssize_t n; done < room; done += static_cast<size_t>(n)) {
    n = anysplice::read(fd, reinterpret_cast<char*>(records.data()) + done, room - done);
    if (n < 0 && errno != EAGAIN) wrong("read: errno " + std::to_string(errno));
    if (n <= 0) break;
  }
  if (done % sizeof(Record) != 0) wrong("bytes that are no record");
  records.resize(done / sizeof(Record));
  return records;
}

void Account::add(const char* where, const std::vector<Record>& records) {
  uint64_t last = 0;
  for (const Record& record : records) {
    check(where, record);
    uint32_t& times = times_[record.number - first_];
    if (ordered_ && record.number < last && times == 0)
      wrong(std::string(where) + ": another order");
    last = record.number;
    ++times;
  }
}

void Account::add_copies(const std::vector<Record>& records, uint32_t calls) {
  uint32_t stretches = 0;
  uint64_t next = 0;
  for (const Record& record : records) {
    check("a copy", record);
    if (record.number != next) ++stretches;
    next = record.number + 1;
  }
  const auto once = [](uint32_t n) { return n == 1; };
  const bool whole = std::all_of(times_.begin(), times_.end(), once);
  if (ordered_ && stretches > (whole ? calls : 3 * calls)) wrong("copies in pieces");
}

void Account::close(uint32_t most, uint32_t* lost, uint32_t* doubled) const {
  stretch(0, static_cast<uint32_t>(times_.size()), lost);
  stretch(2, most, doubled);
  if (*lost > 0 && *doubled > 0) wrong("records lost and records doubled");
  if (std::any_of(times_.begin(), times_.end(), [](uint32_t n) { return n > 2; })) {
    wrong("a record three times");
  }
}

void Account::check(const char* where, const Record& record) const {
  if (record.check != check_of(record.number)) wrong(std::string(where) + ": no record");
  if (record.number < first_ || record.number >= first_ + times_.size()) {
    wrong(std::string(where) + ": a record of another round");
  }
}

void Account::stretch(uint32_t times, uint32_t most, uint32_t* length) const {
  const auto is = [times](uint32_t n) { return n == times; };
  *length = static_cast<uint32_t>(std::count_if(times_.begin(), times_.end(), is));
  const std::string what = times == 0 ? " records lost" : " records doubled";
  if (*length > most) {
    wrong(std::to_string(*length) + what + ", " + std::to_string(most) + " asked for");
  }
  const auto from = std::find_if(times_.begin(), times_.end(), is);
  if (ordered_ && !std::all_of(from, from + *length, is)) wrong("here and there" + what);
}

}  // namespace schedules
