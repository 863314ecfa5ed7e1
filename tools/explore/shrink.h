// The fewest faults with which something still happens.
#ifndef ANYSPLICE_TOOLS_EXPLORE_SHRINK_H_
#define ANYSPLICE_TOOLS_EXPLORE_SHRINK_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace anysplice::tools {

// Leaves out one part after another, each half as large as before ("delta debugging"), as long as
// `still_happens`. None of the faults that remain can be left out alone, unless it fails or says
// that it must stop, by an error of kind kResourceExhausted: then they are what it came to.
absl::StatusOr<std::vector<std::string>> fewest_faults(
    std::vector<std::string> faults,
    absl::FunctionRef<absl::StatusOr<bool>(const std::vector<std::string>&)> still_happens);

// Recorded decisions as a specification that needs no journal. Empty if they cannot be written so.
std::string spec_of_faults(const std::vector<std::string>& faults);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_SHRINK_H_
