// SPDX-License-Identifier: Apache-2.0

/** What was recorded of real kernels beside what the lab predicts. */
package kdump.lab.engine.recorded;
