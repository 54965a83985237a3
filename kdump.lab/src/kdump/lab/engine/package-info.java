// SPDX-License-Identifier: Apache-2.0

/**
 * Runs machines: assembles one from its description, lets a crashed kernel and a capture kernel act
 * on it in virtual time, and works out verdicts from what happened. Meets vendors, devices,
 * policies and importers in the service registry only.
 */
package kdump.lab.engine;
