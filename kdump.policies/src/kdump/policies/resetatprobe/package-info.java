// SPDX-License-Identifier: Apache-2.0

/** Old tables until the driver comes, and a silent device for the driver. */
package kdump.policies.resetatprobe;
