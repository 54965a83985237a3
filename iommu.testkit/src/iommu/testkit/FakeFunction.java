// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.bits.Register;
import iommu.api.pcie.Bar;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.PciFunction;
import java.util.BitSet;
import java.util.List;

/**
 * A function whose config space takes every write but those to its device's own registers, which
 * take them by their kinds; a test plugs its device in. Its interrupts are
 * what the capabilities say that a test has written before the device asks for them. One thread.
 */
public final class FakeFunction implements PciFunction, Interrupts.Config {

    private static final int CONFIG_BYTES = 4096;

    private final int requester;
    private final byte[] config = new byte[CONFIG_BYTES];
    private Device device;
    private List<Register> own = List.of();
    private Interrupts interrupts = Interrupts.none();
    private final BitSet arrived = new BitSet();
    private boolean pin;

    /** Makes an endpoint of this class that decodes memory and is a bus master. */
    public FakeFunction(int requester, int classCode) {
        this.requester = requester;
        writeConfig(0x04, 2, 6);
        writeConfig(0x08, 4, classCode << 8);
    }

    /** Plugs a device in, or with null pulls it out. */
    public void device(Device plugged) {
        device = plugged;
        own = plugged == null ? List.of() : plugged.configRegisters();
        for (Register each : own) {
            if (readConfig(each.offset(), each.bytes()) == 0) {
                set(each.offset(), each.bytes(), (int) each.reset());
            }
        }
    }

    /** Returns its interrupts, whose messages go this way from now on. */
    Interrupts interrupts(DmaPort dma) {
        interrupts = new Interrupts(this, new Overheard(dma),
                (number, asserted) -> pin = asserted);
        return interrupts;
    }

    /** Lets messages pass, and notes those to {@link FakeDriverPort#INTERRUPTS} by their data. */
    private final class Overheard implements DmaPort {

        private final DmaPort dma;

        private Overheard(DmaPort dma) {
            this.dma = dma;
        }

        @Override
        public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
            return dma.read(address, to, offset, bytes);
        }

        @Override
        public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
            if (address == FakeDriverPort.INTERRUPTS) {
                arrived.set(from[offset] & 0xff);
            }
            return dma.write(address, from, offset, bytes);
        }
    }

    /** Takes a message that has arrived since it was asked for last, or a pin that is asserted. */
    boolean takeInterrupt(int vector) {
        boolean there = arrived.get(vector) || pin;
        arrived.clear(vector);
        return there;
    }

    /** Returns whether its interrupt pin is asserted. */
    public boolean pinAsserted() {
        return pin;
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
        boolean master = busMaster();
        writeKinds(offset, bytes, value);
        interrupts.configWritten();
        for (Register each : own) {
            if (touches(each, offset, bytes)) {
                device.configWritten(each);
            }
        }
        if (device != null && busMaster() != master) {
            device.busMasterEnabled(!master);
        }
    }

    /** Writes by the kinds of the device's own registers; all other bits take what is written. */
    private void writeKinds(int offset, int bytes, int value) {
        for (int i = 0; i < bytes; i++) {
            int at = offset + i;
            int written = value >>> 8 * i & 0xff;
            int result = written;
            for (Register each : own) {
                if (touches(each, at, 1)) {
                    int shift = 8 * (at - each.offset());
                    int takes = (int) (each.writable() >>> shift) & 0xff;
                    int clears = (int) (each.writeOneToClear() >>> shift) & 0xff;
                    result = (config[at] & ~takes | written & takes) & ~(written & clears);
                }
            }
            config[at] = (byte) result;
        }
    }

    private static boolean touches(Register register, int offset, int bytes) {
        return offset < register.offset() + register.bytes()
                && offset + bytes > register.offset();
    }

    @Override
    public int read(int offset, int bytes) {
        return readConfig(offset, bytes);
    }

    @Override
    public void set(int offset, int bytes, int value) {
        for (int i = 0; i < bytes; i++) {
            config[offset + i] = (byte) (value >>> 8 * i);
        }
    }

    @Override
    public List<Bar> bars() {
        return device == null ? List.of() : device.bars();
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        if (device != null && interrupts.holds(bar, offset)) {
            return interrupts.read(bar, offset, bytes);
        }
        long ones = Bar.ones(bytes);
        return takes(bar, offset, bytes) ? device.readRegister(bar, offset, bytes) & ones : ones;
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        if (device != null && interrupts.holds(bar, offset)) {
            interrupts.write(bar, offset, bytes, value);
        } else if (takes(bar, offset, bytes)) {
            device.writeRegister(bar, offset, bytes, value & Bar.ones(bytes));
        }
    }

    private boolean takes(int bar, long offset, int bytes) {
        for (Bar space : bars()) {
            if (space.index() == bar) {
                return space.takes(offset, bytes);
            }
        }
        return false;
    }
}
