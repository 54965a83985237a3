// SPDX-License-Identifier: Apache-2.0

/**
 * The machine behind the line protocol: memory, config space, devices, and the way of their DMA.
 */
package kdump.lab.qtest.machine;
