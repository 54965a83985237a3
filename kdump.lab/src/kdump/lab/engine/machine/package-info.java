// SPDX-License-Identifier: Apache-2.0

/** One machine put together out of services: memory, units, fabric, devices and the clock. */
package kdump.lab.engine.machine;
