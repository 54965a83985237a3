// SPDX-License-Identifier: Apache-2.0

/** Writes projects in which strangers make policies, devices and vendors of their own. */
package kdump.lab.kit;
