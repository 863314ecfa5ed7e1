// One run of one scenario on one system with one fault, in a process of its own.
#ifndef ANYSPLICE_TESTS_FAULTS_TRIAL_H_
#define ANYSPLICE_TESTS_FAULTS_TRIAL_H_

#include <string>

#include "inject.h"
#include "systems.h"
#include "world.h"

namespace faults {

// Takes over the engine's system calls. Once in a process, before the first trial.
void prepare_trials();

// What was wrong; empty if nothing.
std::string try_out(const Scenario& scenario, const System& system, const Plan& plan);

}  // namespace faults

#endif  // ANYSPLICE_TESTS_FAULTS_TRIAL_H_
