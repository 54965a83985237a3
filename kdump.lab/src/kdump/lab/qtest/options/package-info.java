// SPDX-License-Identifier: Apache-2.0

/**
 * A command line as QEMU spells it, and the machine that it describes: memory, functions and the
 * slots they sit in, the remapping unit. What is wrong is told in QEMU's words.
 */
package kdump.lab.qtest.options;
