// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.pcie.Device;
import iommu.api.pcie.PciFunction;

/** A function whose config space takes every write; a test plugs its device in. One thread. */
public final class FakeFunction implements PciFunction {

    private static final int CONFIG_BYTES = 4096;

    private final int requester;
    private final byte[] config = new byte[CONFIG_BYTES];
    private Device device;

    /** Makes an endpoint of this class that decodes memory and is a bus master. */
    public FakeFunction(int requester, int classCode) {
        this.requester = requester;
        writeConfig(0x04, 2, 6);
        writeConfig(0x08, 4, classCode << 8);
    }

    /** Plugs a device in, or with null pulls it out. */
    public void device(Device plugged) {
        device = plugged;
    }

    @Override
    public int requesterId() {
        return requester;
    }

    @Override
    public int alias() {
        return requester;
    }

    @Override
    public int readConfig(int offset, int bytes) {
        int value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | config[offset + i] & 0xff;
        }
        return value;
    }

    @Override
    public void writeConfig(int offset, int bytes, int value) {
        for (int i = 0; i < bytes; i++) {
            config[offset + i] = (byte) (value >>> 8 * i);
        }
    }

    @Override
    public int readRegister(int offset) {
        return device == null ? -1 : device.readRegister(offset);
    }

    @Override
    public void writeRegister(int offset, int value) {
        if (device != null) {
            device.writeRegister(offset, value);
        }
    }
}
