// SPDX-License-Identifier: Apache-2.0
/** What a kernel does with errors that ports report: its services for AER and DPC, and recovery. */
package kdump.lab.engine.ports;
