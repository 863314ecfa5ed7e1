// What threads do with pipes in one schedule or another.
#ifndef ANYSPLICE_TESTS_SCHEDULES_TRAFFIC_H_
#define ANYSPLICE_TESTS_SCHEDULES_TRAFFIC_H_

#include <string>
#include <string_view>

#include "schedule.h"

namespace schedules {

// Bytes go round through two pipes: whatever the threads do, what is in them is a rotation.
void check_rotation(const Pipe& a, const Pipe& b, std::string_view bytes);
void write_all(int fd, std::string_view bytes);
// Puts the bytes in by write and vmsplice, in pieces.
void produce(int fd, std::string_view bytes);
// Takes so many bytes, by read and by vmsplice.
std::string consume(int fd, size_t length);
// Between pipes that have writers.
void carry_some(int from, int to);

}  // namespace schedules

#endif  // ANYSPLICE_TESTS_SCHEDULES_TRAFFIC_H_
