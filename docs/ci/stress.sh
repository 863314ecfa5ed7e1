#!/bin/bash
# A test of a stressor of stress-ng: all ten operations done and verified. The exit status of
# stress-ng says little: a stressor whose call is missing takes that for a success.
report=$(stress-ng --"$1" 1 --"$1"-ops 10 --verify --timeout 5 --metrics-brief 2>&1)
[[ $report =~ \]\ $1\ +10\  ]]
