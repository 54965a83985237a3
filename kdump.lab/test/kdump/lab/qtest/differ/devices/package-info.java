// SPDX-License-Identifier: Apache-2.0

/** Devices of QEMU beside ours: one program on both. */
package kdump.lab.qtest.differ.devices;
