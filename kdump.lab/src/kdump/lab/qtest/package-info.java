// SPDX-License-Identifier: Apache-2.0

/**
 * {@code ./lab qtest}: a machine without a processor that is driven by the line protocol of QEMU's
 * qtest, so that a client drives our unit and devices as it drives QEMU's.
 */
package kdump.lab.qtest;
