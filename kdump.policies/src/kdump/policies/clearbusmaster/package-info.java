// SPDX-License-Identifier: Apache-2.0

/** The gate of every device, closed. */
package kdump.policies.clearbusmaster;
