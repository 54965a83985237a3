// SPDX-License-Identifier: Apache-2.0

/** Machines as clients of QEMU's qtest start them, over sockets and with a monitor. */
package kdump.lab.qtest.client;
