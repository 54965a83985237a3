// SPDX-License-Identifier: Apache-2.0

/**
 * What QEMU would write of its {@code -trace} events, made of what our units tell.
 */
package kdump.lab.qtest.trace;
