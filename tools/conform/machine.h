// The system that the program runs on.
#ifndef ANYSPLICE_TOOLS_CONFORM_MACHINE_H_
#define ANYSPLICE_TOOLS_CONFORM_MACHINE_H_

#include <map>
#include <string>
#include <string_view>

namespace conform {

// By uname(2): its name, the numbers of its release, its machine.
std::string this_system();

// What else tells where expectations come from: the kernel's build, the number of processors, the
// file system of the cases' folder, and the settings that the answers depend on, by their sysctl.
std::map<std::string, std::string> this_machine();

// How many releases lie between "linux-6.18" and this system: Linux has had about twenty of each
// major number. 0 if this is no Linux.
int releases_from_here(std::string_view name);

// The folder in which the cases make their files.
std::string folder_of_files();

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_MACHINE_H_
