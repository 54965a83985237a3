// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Medium;
import java.util.ArrayList;
import java.util.List;

/** A device that writes down what reaches it, and reads as width and place of the access. */
final class EchoModel implements DeviceModel {

    private final String name;
    private final List<Bar> bars;
    final List<String> seen = new ArrayList<>();
    DeviceContext context;

    EchoModel(String name, Bar... bars) {
        this.name = name;
        this.bars = List.of(bars);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return false;
    }

    @Override
    public Device device(DeviceContext behind) {
        context = behind;
        return new Device() {
            @Override
            public List<Bar> bars() {
                return bars;
            }

            @Override
            public long readRegister(int bar, long offset, int bytes) {
                return (long) bytes << 4 * bytes | offset & (1L << 4 * bytes) - 1;
            }

            @Override
            public void writeRegister(int bar, long offset, int bytes, long value) {
                seen.add(String.format("%d:%x:%d=%x", bar, offset, bytes, value));
            }

            @Override
            public void reset() { }
        };
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        throw new UnsupportedOperationException();
    }

    /** Returns sectors as the device reads them. */
    byte[] fetched(long sector, int bytes) {
        byte[] data = new byte[bytes];
        context.fetch(Medium.BLOCKS, sector, data, 0, bytes);
        return data;
    }
}
