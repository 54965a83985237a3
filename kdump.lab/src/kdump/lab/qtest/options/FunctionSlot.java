// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import iommu.api.pcie.PluggedFunction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/**
 * A PCI function and where it is plugged.
 *
 * @param kind what it is
 * @param id as the command line names it, or null
 * @param bus index of the slot of the bridge above, -1 for bus 0
 * @param place device and function number
 * @param multifunction whether its slot has other functions
 * @param port what a port says of itself
 * @param properties what its device is told, by name
 * @param drive what its disk is made of, or null
 */
public record FunctionSlot(FunctionKind kind, String id, int bus, int place, boolean multifunction,
        Port port, Map<String, String> properties, Drive drive) {

    private static final int HEADER = 0x0c;
    private static final int MULTI_FUNCTION = 0x80_0000;
    private static final int STATUS = 0x04;
    private static final int ERRORS = 0xf900_0000;
    /** In the Slot Numbering capability of a conventional bridge. */
    private static final int CHASSIS = 0x4b;
    private static final int PORT_SHIFT = 24;
    private static final int SLOT_SHIFT = 19;
    /** Slot Control: power off, and its indicator, as of an empty slot. */
    private static final int EMPTY = 0x600;

    /** What a port is told of itself: its number, and chassis and slot, unlike any other's. */
    record Port(int number, int chassis, int slot) { }

    /** Returns the same function with another number of the bridge above. */
    public FunctionSlot behind(int other) {
        return new FunctionSlot(kind, id, other, place, multifunction, port, properties,
                drive);
    }

    /** Returns the same function with a disk behind it. */
    FunctionSlot with(Drive disk, Map<String, String> told) {
        return new FunctionSlot(kind, id, bus, place, multifunction, port, told, disk);
    }

    /**
     * Returns the function for the fabric.
     *
     * @param inhabited whether something sits behind it
     */
    public PluggedFunction plugged(boolean inhabited) {
        byte[] config = kind.config();
        ByteBuffer words = ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN);
        if (multifunction) {
            or(words, HEADER, MULTI_FUNCTION);
        }
        FunctionKind.Flow flow = kind.flow();
        if (flow.link() > 0) {
            or(words, flow.link(), port.number() << PORT_SHIFT);
        }
        if (flow.slot() > 0) {
            or(words, flow.slot(), port.slot() << SLOT_SHIFT);
            if (inhabited) {
                words.putInt(flow.slotControl(), words.getInt(flow.slotControl()) & ~EMPTY);
            }
        }
        if (kind == FunctionKind.PCI_BRIDGE) {
            words.put(CHASSIS, (byte) port.chassis());
        }
        ByteBuffer cleared = ByteBuffer.allocate(config.length).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(STATUS, ERRORS);
        return new PluggedFunction(bus, place, config, kind.writable(), cleared.array(), false);
    }

    private static void or(ByteBuffer words, int offset, int bits) {
        words.putInt(offset, words.getInt(offset) | bits);
    }
}
