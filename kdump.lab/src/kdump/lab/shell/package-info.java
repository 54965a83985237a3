// SPDX-License-Identifier: Apache-2.0

/** The commands of ./lab: what they take, and how they print verdicts for people and for programs. */
package kdump.lab.shell;
