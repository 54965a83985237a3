// SPDX-License-Identifier: Apache-2.0

/** What each policy asks of a capture kernel, without one. */
package kdump.policies;
