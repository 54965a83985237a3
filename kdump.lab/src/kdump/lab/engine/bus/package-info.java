// SPDX-License-Identifier: Apache-2.0
/** What a kernel finds on the bus, and does to it, before any driver. */
package kdump.lab.engine.bus;
