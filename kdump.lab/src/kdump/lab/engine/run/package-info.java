// SPDX-License-Identifier: Apache-2.0

/** One run, phase by phase: the policy is asked, its steps are done, what happens is recorded. */
package kdump.lab.engine.run;
