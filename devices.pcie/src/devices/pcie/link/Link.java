// SPDX-License-Identifier: Apache-2.0
package devices.pcie.link;

import iommu.api.bits.BitField;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.PciFunction;

/**
 * How long payload takes on a function's link: by the speed and the width that it has negotiated,
 * and on a conventional bus by its clock. Immutable.
 *
 * <p>Source: PCI Express Base Specification, "Link Status Register"; lanes of 2.5 and 5 GT/s send 8
 * of 10 bits as payload, faster ones 128 of 130.
 */
public final class Link {

    private static final int LINK_STATUS = 0x12;
    private static final BitField SPEED = BitField.bits(3, 0);
    private static final BitField WIDTH = BitField.bits(9, 4);
    /** Bytes a lane carries in a microsecond, by speed code. */
    private static final int[] LANE_BYTES = {250, 250, 500, 985, 1969, 3938, 7563};
    /** A conventional bus: 32 bits at 33 MHz. */
    private static final int BUS_BYTES = 133;

    private final long bytesPerMicrosecond;

    private Link(long bytesPerMicrosecond) {
        this.bytesPerMicrosecond = bytesPerMicrosecond;
    }

    /** Returns the link of a function as it stands now. */
    public static Link of(PciFunction function) {
        int express = Capabilities.find(function::readConfig, Capabilities.EXPRESS);
        if (express == 0) {
            return new Link(BUS_BYTES);
        }
        int status = function.readConfig(express + LINK_STATUS, 2);
        int speed = (int) Math.min(SPEED.of(status), LANE_BYTES.length - 1);
        return new Link(Math.max(1, WIDTH.of(status)) * LANE_BYTES[speed]);
    }

    /** Returns the nanoseconds that so many bytes take, at least 1. */
    public long nanos(int bytes) {
        return Math.max(1, bytes * 1000L / bytesPerMicrosecond);
    }
}
