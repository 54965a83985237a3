// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;

/** Config space of made-up functions for the tests. */
final class Functions {

    static final int MEMORY_AND_MASTER = 0x0006;

    private Functions() { }

    /** An endpoint with memory decoding and bus mastering on and an MSI capability at 0x50. */
    static FunctionConfig endpoint(String id) {
        byte[] config = header(0, 0x02, MEMORY_AND_MASTER);
        config[0x06] = 0x10;
        config[0x34] = 0x50;
        config[0x50] = 0x05;
        config[0x52] = 0x01;
        return new FunctionConfig(RequesterId.parse(id), config);
    }

    /** A bridge to one bus; {@code expressType} as in the PCI Express capability, -1 for none. */
    static FunctionConfig bridge(String id, int bus, int expressType) {
        byte[] config = header(1, 0x06, MEMORY_AND_MASTER);
        config[0x0a] = 0x04;
        config[0x19] = (byte) bus;
        config[0x1a] = (byte) bus;
        if (expressType >= 0) {
            config[0x06] = 0x10;
            config[0x34] = 0x40;
            config[0x40] = 0x10;
            config[0x42] = (byte) (expressType << 4 | 2);
        }
        return new FunctionConfig(RequesterId.parse(id), config);
    }

    /**
     * An endpoint with a PCI Express capability, FLR, and ATS at 0x140 behind another capability.
     */
    static FunctionConfig translating(String id, int control) {
        byte[] config = java.util.Arrays.copyOf(header(0, 0x01, MEMORY_AND_MASTER), 4096);
        config[0x06] = 0x10;
        config[0x34] = 0x40;
        config[0x40] = 0x10;
        config[0x42] = 0x02;
        word(config, 0x100, 0x0001, 0x1401);
        word(config, 0x140, 0x000f, 0x0001);
        word(config, 0x144, 0x0025, control);
        return new FunctionConfig(RequesterId.parse(id), config);
    }

    private static void word(byte[] config, int at, int low, int high) {
        config[at] = (byte) low;
        config[at + 1] = (byte) (low >>> 8);
        config[at + 2] = (byte) high;
        config[at + 3] = (byte) (high >>> 8);
    }

    private static byte[] header(int type, int baseClass, int command) {
        byte[] config = new byte[256];
        config[0] = (byte) 0x86;
        config[1] = (byte) 0x80;
        config[4] = (byte) command;
        config[0x0b] = (byte) baseClass;
        config[0x0e] = (byte) type;
        return config;
    }
}
