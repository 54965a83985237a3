// SPDX-License-Identifier: Apache-2.0

/**
 * Runs that somebody looks into: with a policy and devices of the experimenter's own, and with
 * memory, units and the record of what happened at hand.
 */
@org.osgi.annotation.versioning.Version("1.0.0")
@org.osgi.annotation.bundle.Export
package kdump.lab.api.experiment;
