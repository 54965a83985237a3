// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import java.util.Arrays;
import java.util.List;

/**
 * QEMU's device for tests of units: one write by DMA, and a look at memory past the unit whether it
 * got where it was expected. Nine registers of 32 bits in one BAR: an I/O address (GVA), a physical
 * one (GPA), a length, attributes; a doorbell that arms, a trigger whose read runs what is armed,
 * and the result. One thread.
 *
 * <p>What the attributes of a request mean is another architecture's matter: they are kept, and a
 * secure bit against the space is refused. Source: QEMU 11.1, "A test device for IOMMU", observed.
 */
final class IommuTestDevice implements Device {

    /** Longest transfer; QEMU's own is bound by its memory. */
    static final int MOST_BYTES = 16 << 20;

    private static final int REGISTER_BYTES = 0x1000;

    private static final int TRIGGER = 0x00;
    private static final int GVA_LOW = 0x04;
    private static final int GVA_HIGH = 0x08;
    private static final int LENGTH = 0x0c;
    private static final int RESULT = 0x10;
    private static final int DOORBELL = 0x14;
    private static final int ATTRIBUTES = 0x18;
    private static final int GPA_LOW = 0x1c;
    private static final int GPA_HIGH = 0x20;

    private static final int SUCCESS = 0;
    private static final int IDLE = -1;
    private static final int BUSY = -2;
    private static final int BAD_LENGTH = 0xdead_0001;
    private static final int WRITE_FAILED = 0xdead_0002;
    private static final int READ_FAILED = 0xdead_0003;
    private static final int MISMATCH = 0xdead_0004;
    private static final int NOT_ARMED = 0xdead_0005;
    private static final int BAD_ATTRIBUTES = 0xdead_0006;

    /** What is written, again and again. */
    private static final int PATTERN = 0x1234_5678;
    private static final int SECURE = 1;
    private static final int SPACE_SHIFT = 1;
    private static final int SPACE_MASK = 3;
    private static final int SPACE_SECURE = 0;
    private static final int SPACE_NON_SECURE = 1;
    private static final int SPACE_VALID = 1 << 3;

    private final DeviceContext context;
    private final MemoryBridge bridge;
    private final Machine machine;
    private int gvaLow;
    private int gvaHigh;
    private int gpaLow;
    private int gpaHigh;
    private int length;
    private int attributes;
    private int result;
    private boolean armed;

    IommuTestDevice(DeviceContext context, MemoryBridge bridge, Machine machine) {
        this.context = context;
        this.bridge = bridge;
        this.machine = machine;
        reset();
    }

    @Override
    public List<Bar> bars() {
        return List.of(Bar.memory(0, REGISTER_BYTES));
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        int value = switch ((int) offset) {
            case TRIGGER -> {
                trigger();
                yield 0;
            }
            case GVA_LOW -> gvaLow;
            case GVA_HIGH -> gvaHigh;
            case LENGTH -> length;
            case RESULT -> result;
            case ATTRIBUTES -> attributes;
            case GPA_LOW -> gpaLow;
            case GPA_HIGH -> gpaHigh;
            default -> 0;
        };
        return Integer.toUnsignedLong(value);
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long written) {
        int value = (int) written;
        switch ((int) offset) {
            case GVA_LOW -> gvaLow = value;
            case GVA_HIGH -> gvaHigh = value;
            case LENGTH -> length = value;
            case RESULT -> result = value;
            case DOORBELL -> {
                armed = (value & 1) != 0;
                result = armed ? BUSY : IDLE;
            }
            case ATTRIBUTES -> attributes = value;
            case GPA_LOW -> gpaLow = value;
            case GPA_HIGH -> gpaHigh = value;
            default -> { }
        }
    }

    private void trigger() {
        result = armed ? run() : NOT_ARMED;
        armed = false;
    }

    private int run() {
        if (length <= 0 || length > MOST_BYTES) {
            return BAD_LENGTH;
        }
        if (isContradictory()) {
            return BAD_ATTRIBUTES;
        }
        byte[] data = pattern(length);
        return write(data) ? look(data) : WRITE_FAILED;
    }

    private boolean isContradictory() {
        int space = attributes >>> SPACE_SHIFT & SPACE_MASK;
        boolean secure = (attributes & SECURE) != 0;
        return (attributes & SPACE_VALID) != 0
                && (space == SPACE_SECURE && !secure || space == SPACE_NON_SECURE && secure);
    }

    private static byte[] pattern(int bytes) {
        byte[] data = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            data[i] = (byte) (PATTERN >>> Byte.SIZE * (i & 3));
        }
        return data;
    }

    /** Returns whether all of it was taken. */
    private boolean write(byte[] data) {
        bridge.takeRefused();
        context.dma().write(wide(gvaHigh, gvaLow), data, 0, data.length);
        return !bridge.takeRefused();
    }

    /** Looks at memory as a processor does. */
    private int look(byte[] expected) {
        long address = wide(gpaHigh, gpaLow);
        int different = 0;
        for (int done = 0, count; done < expected.length; done += count) {
            long at = address + done;
            count = machine.piece(at, expected.length - done);
            if (!machine.isThere(at)) {
                return READ_FAILED;
            }
            different |= Arrays.mismatch(machine.read(at, count), 0, count, expected, done,
                    done + count) + 1;
        }
        return different == 0 ? SUCCESS : MISMATCH;
    }

    private static long wide(int high, int low) {
        return (long) high << Integer.SIZE | Integer.toUnsignedLong(low);
    }

    @Override
    public void reset() {
        gvaLow = gvaHigh = gpaLow = gpaHigh = length = 0;
        attributes = SPACE_NON_SECURE << SPACE_SHIFT;
        result = IDLE;
        armed = false;
        context.dropped();
    }
}
