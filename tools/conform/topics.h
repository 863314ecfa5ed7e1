// The groups of cases as others see them: which call and which property each is about, and what in
// the manual pages it rests on. The words of call and property are part of the ids of the cases,
// which never change.
#ifndef ANYSPLICE_TOOLS_CONFORM_TOPICS_H_
#define ANYSPLICE_TOOLS_CONFORM_TOPICS_H_

#include <string_view>

namespace conform {

struct Topic {
  const char* group;
  const char* call;  // unless the name of the case begins with another
  const char* property;
  const char* before;  // what the case's name leaves out, in front of it
  const char* after;   // and behind it
  const char* rests_on;
};

// Throws std::logic_error if the table lacks the group.
const Topic& topic_of(std::string_view group);

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_TOPICS_H_
