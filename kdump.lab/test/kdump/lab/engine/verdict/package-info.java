// SPDX-License-Identifier: Apache-2.0

/** Tests of how runs are judged, and of runs that cannot be. */
package kdump.lab.engine.verdict;
