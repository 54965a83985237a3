// SPDX-License-Identifier: Apache-2.0

/**
 * What steps are for a kernel, whoever asks for them: a policy as it hands over, or the kernel's
 * own code as it boots.
 */
package kdump.lab.engine.steps;
