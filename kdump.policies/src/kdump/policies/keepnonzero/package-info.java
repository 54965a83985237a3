// SPDX-License-Identifier: Apache-2.0

/** The entries in use stay, the free ones are used. */
package kdump.policies.keepnonzero;
