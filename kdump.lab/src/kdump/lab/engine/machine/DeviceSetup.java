// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import java.util.Map;

/**
 * What a run asks of its devices.
 *
 * @param seed of what is on media
 * @param crashAtNanos the instant of the crash
 * @param options of single devices, by requester id and name
 */
public record DeviceSetup(long seed, long crashAtNanos, Map<Integer, Map<String, Long>> options) { }
