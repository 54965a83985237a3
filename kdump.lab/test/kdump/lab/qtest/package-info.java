// SPDX-License-Identifier: Apache-2.0

/** The machine behind {@code ./lab qtest}: by itself, and beside QEMU. */
package kdump.lab.qtest;
