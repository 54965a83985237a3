// SPDX-License-Identifier: Apache-2.0

/** What claims are tried with: machines, runs and what was recorded of them. Claims use it. */
package kdump.scenarios.trial;
