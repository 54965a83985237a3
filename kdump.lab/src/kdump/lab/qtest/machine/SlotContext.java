// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import java.util.Arrays;
import java.util.Map;
import kdump.lab.qtest.options.Numbers;

/**
 * What a device has of the {@link Machine}: the properties that the command line gives it, by name,
 * and a disk. Frames go nowhere, and none comes.
 *
 * @param disk what keeps blocks
 */
record SlotContext(PciFunction function, DmaPort dma, EventQueue clock,
        Map<String, String> properties, Disk disk) implements DeviceContext {

    @Override
    public long nanos() {
        return clock.nanos();
    }

    @Override
    public void schedule(long delayNanos, Runnable action) {
        clock.schedule(delayNanos, action);
    }

    @Override
    public long option(String name, long otherwise) {
        if (name.equals(SECTORS)) {
            return disk.sectors();
        }
        if (name.equals("whole_transfers")) {
            // QEMU hands a transfer on as one
            return 1;
        }
        if (name.equals("attached")) {
            return 0; // nothing on the command line is plugged into a USB port
        }
        String text = properties.get(name);
        return text == null ? otherwise : Numbers.unsigned(text);
    }

    @Override
    public String text(String name, String otherwise) {
        return properties.getOrDefault(name, otherwise);
    }

    @Override
    public int request(long number) {
        return 1; // nothing is recorded here
    }

    @Override
    public void resume(int token) { }

    @Override
    public void dropped() { }

    @Override
    public void store(Medium medium, long position, byte[] from, int offset, int bytes) {
        if (medium == Medium.BLOCKS) {
            disk.write(position, from, offset, bytes);
        }
    }

    @Override
    public void fetch(Medium medium, long position, byte[] to, int offset, int bytes) {
        if (medium == Medium.BLOCKS) {
            disk.read(position, to, offset, bytes);
        } else {
            Arrays.fill(to, offset, offset + bytes, (byte) 0);
        }
    }
}
