// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

/**
 * An error that a kernel's service of a port has taken, and what came of it.
 *
 * @param kind short names of the errors as AER's status has them, or what the kernel knows instead
 * @param severity "correctable", "non-fatal" or "fatal"
 * @param service "AER" or "DPC"
 * @param became "corrected", "recovered" or "not recovered"
 */
public record TakenError(String kind, String severity, String service, String became) { }
