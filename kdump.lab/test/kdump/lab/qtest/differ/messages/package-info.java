// SPDX-License-Identifier: Apache-2.0

/** Interrupt messages through QEMU's units and through ours, by the same commands. */
package kdump.lab.qtest.differ.messages;
