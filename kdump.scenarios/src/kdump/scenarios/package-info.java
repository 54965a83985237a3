// SPDX-License-Identifier: Apache-2.0

/**
 * Seventy claims of five posts about crash hand-overs, as experiments: each runs the mechanism and
 * looks whether it does what the post says.
 */
package kdump.scenarios;
