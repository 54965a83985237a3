// SPDX-License-Identifier: Apache-2.0

/** Reads what a run has recorded: counts it, judges it, and puts it into words. Acts on nothing. */
package kdump.lab.engine.verdict;
