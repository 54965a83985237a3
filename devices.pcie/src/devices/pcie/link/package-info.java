// SPDX-License-Identifier: Apache-2.0
/**
 * What devices share that move data over a link and over time: how long it takes, and how a device
 * of a kind that is known for it misbehaves.
 */
package devices.pcie.link;
