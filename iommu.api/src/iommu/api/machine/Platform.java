// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import iommu.api.memory.AddressRange;

/**
 * What an architecture fixes for every machine of it.
 *
 * @param name such as "x86"
 * @param messages the addresses at which a write of 4 bytes is an interrupt message and never
 *     memory, translation on or off; no I/O address in it is given out
 * @param windowEnd where windows of host bridges below 4 GiB end, after which registers of the
 *     platform's own come
 * @param vectorMask bits of a message's data that are the vector where no unit remaps it
 */
public record Platform(String name, AddressRange messages, long windowEnd, int vectorMask) {

    /**
     * PCs. Source: Intel SDM volume 3, "Message Signalled Interrupts"; VT-d, "Interrupt Address
     * Range"; "I/O APIC" addresses of chipset datasheets.
     */
    public static final Platform X86 =
            new Platform("x86", AddressRange.of(0xfee0_0000L, 0x10_0000), 0xfec0_0000L,
                    0xff);
}
