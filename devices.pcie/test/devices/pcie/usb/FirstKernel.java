// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.List;

/** What tests of USB controllers have in common of the first kernel. */
public final class FirstKernel {

    /** Its memory. */
    public static final AddressRange MEMORY = new AddressRange(0x20_0000, 0x30_0000);

    private FirstKernel() { }

    /** Returns adjacent pages of its memory, mapped where they lie. */
    public static List<DmaBuffer> pages(int first, int count) {
        var pages = new ArrayList<DmaBuffer>();
        for (int i = 0; i < count; i++) {
            long at = MEMORY.start() + (first + i) * 0x1000L;
            pages.add(new DmaBuffer(at, at, 4096));
        }
        return pages;
    }

    /** Looks after a driver for so long, as often as it wants to be called. */
    public static void serve(DeviceDriver driver, EventQueue queue, long nanos) {
        long end = queue.nanos() + nanos;
        while (queue.nanos() < end) {
            long again = driver.service();
            long left = end - queue.nanos();
            queue.advance(again == 0 ? left : Math.min(again, left));
        }
    }

    /** Returns a function of a class and a header type, about which nothing else is known. */
    public static FunctionConfig ofClass(int classCode, int header) {
        byte[] config = new byte[256];
        config[0x0b] = (byte) (classCode >>> 16);
        config[0x0a] = (byte) (classCode >>> 8);
        config[0x09] = (byte) classCode;
        config[0x0e] = (byte) header;
        return new FunctionConfig(8, config);
    }
}
