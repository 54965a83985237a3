// SPDX-License-Identifier: Apache-2.0

/** QEMU and our machine side by side, by the same commands. */
package kdump.lab.qtest.differ;
