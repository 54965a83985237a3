// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/**
 * One function of a machine whose bus numbers software gives out while it runs: where it is
 * plugged, not what its number is.
 *
 * @param bridge index, in the list of all functions, of the bridge whose secondary bus it sits on;
 *     lower than its own; -1 for bus 0
 * @param place device number in bits 7:3, function number in bits 2:0
 * @param config its config space after reset, 256 or 4096 bytes
 * @param writable the bits of it that take writes; as many bytes
 * @param writeOneToClear the bits of it that a written 1 clears; as many bytes
 * @param gates whether, of a bridge, bus master enable and secondary bus reset stop requests from
 *     below; the manual says so, emulators do not care
 */
public record PluggedFunction(int bridge, int place, byte[] config, byte[] writable,
        byte[] writeOneToClear, boolean gates) {

    /** Checks numbers and sizes. */
    public PluggedFunction {
        if (place < 0 || place > 0xff) {
            throw new IllegalArgumentException("place 0x" + Integer.toHexString(place));
        }
        if (config.length != 256 && config.length != 4096 || writable.length != config.length
                || writeOneToClear.length != config.length) {
            throw new IllegalArgumentException(config.length + ", " + writable.length + " and "
                    + writeOneToClear.length + " bytes of config space");
        }
    }
}
