// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.pcie.FunctionConfig;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.MachineOptions.EduSeat;

/**
 * The functions of a q35 machine as they are after reset, as far as clients look: identification,
 * class, header type, and the MSI capability of edu. Source: config space of QEMU 7.2, read.
 */
final class Q35Functions {

    private static final int HOST_BRIDGE = 0x00;
    private static final int ISA_BRIDGE = 0xf8;
    private static final int SATA = 0xfa;
    private static final int SMBUS = 0xfb;

    private static final int IDENTIFICATION = 0x00;
    private static final int STATUS = 0x04;
    private static final int CLASS = 0x08;
    private static final int HEADER_TYPE = 0x0c;
    private static final int SUBSYSTEM = 0x2c;
    private static final int CAPABILITIES_POINTER = 0x34;
    private static final int INTERRUPT = 0x3c;
    private static final int FIRST_CAPABILITY = 0x40;

    private static final int CAPABILITIES_LIST = 0x0010_0000;
    private static final int MULTI_FUNCTION = 0x0080_0000;
    private static final int SUBSYSTEM_OF_QEMU = 0x1100_1af4;
    private static final int PIN_A = 0x0100;
    /** MSI, 64-bit address, one message. */
    private static final int MSI = 0x0080_0005;

    private Q35Functions() { }

    /** Returns the functions of a machine, the host bridge first. */
    static List<FunctionConfig> of(MachineOptions options) {
        var all = new ArrayList<FunctionConfig>();
        all.add(function(HOST_BRIDGE, 0x29c0_8086, 0x0600_0000, 0));
        for (EduSeat seat : options.edus()) {
            ByteBuffer words = words(0x11e8_1234, 0x00ff_0010,
                    seat.multifunction() ? MULTI_FUNCTION : 0);
            words.putInt(STATUS, CAPABILITIES_LIST).putInt(CAPABILITIES_POINTER, FIRST_CAPABILITY)
                    .putInt(INTERRUPT, PIN_A).putInt(FIRST_CAPABILITY, MSI);
            all.add(new FunctionConfig(seat.requester(), words.array()));
        }
        all.add(function(ISA_BRIDGE, 0x2918_8086, 0x0601_0002, MULTI_FUNCTION));
        if (options.sata()) {
            all.add(function(SATA, 0x2922_8086, 0x0106_0102, MULTI_FUNCTION));
        }
        if (options.smbus()) {
            all.add(function(SMBUS, 0x2930_8086, 0x0c05_0002, MULTI_FUNCTION));
        }
        if (options.unit() != null) {
            all.addAll(options.unit().functions());
        }
        return all;
    }

    private static FunctionConfig function(int requester, int identification, int classCode,
            int header) {
        return new FunctionConfig(requester,
                words(identification, classCode, header).array());
    }

    private static ByteBuffer words(int identification, int classCode, int header) {
        return ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(IDENTIFICATION, identification).putInt(CLASS, classCode)
                .putInt(HEADER_TYPE, header).putInt(SUBSYSTEM, SUBSYSTEM_OF_QEMU);
    }
}
