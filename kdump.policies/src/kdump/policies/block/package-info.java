// SPDX-License-Identifier: Apache-2.0

/** Blocking in place: no window, and nothing that devices could reach. */
package kdump.policies.block;
