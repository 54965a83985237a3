// SPDX-License-Identifier: Apache-2.0
package devices.pcie.edu;

import static iommu.api.bits.BitField.bit;

import iommu.api.bits.BitField;
import iommu.api.pcie.Bar;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Interrupts;
import java.util.Arrays;
import java.util.List;

/**
 * The educational device: a buffer of 4096 bytes, and one transfer at a time between it and memory.
 *
 * <p>A transfer starts with the command and moves its bytes 100 ms later, in requests that cross no
 * 4 KiB boundary unless the machine wants it otherwise; while it runs its registers take no writes.
 * Bytes that a blocked request should have read are zero. A transfer that leaves the buffer moves
 * nothing. The factorial is there at once. Registers below 80h take accesses of 4 bytes, those from
 * there on 4 or 8; a write of 4 bytes clears the upper half. The pin is asserted until all bits of
 * the interrupt status are acknowledged.
 *
 * <p>Source: QEMU documentation, "EDU device"; widths, masks and times observed on QEMU 7.2.
 */
final class Edu implements Device {

    private static final int REGISTER_BYTES = 1 << 20;
    private static final int BUFFER = 0x40000;
    private static final int BUFFER_BYTES = 4096;
    private static final int PAGE_BYTES = 4096;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long TRANSFER_MILLIS = 100;

    private static final int IDENTIFICATION = 0x00;
    private static final int LIVENESS = 0x04;
    private static final int FACTORIAL = 0x08;
    private static final int STATUS = 0x20;
    private static final int INTERRUPT_STATUS = 0x24;
    private static final int INTERRUPT_RAISE = 0x60;
    private static final int INTERRUPT_ACKNOWLEDGE = 0x64;
    private static final int WIDE = 0x80;
    private static final int SOURCE = 0x80;
    private static final int DESTINATION = 0x88;
    private static final int COUNT = 0x90;
    private static final int COMMAND = 0x98;

    /** Major and minor version 1.0, and "edu" in hexadecimal speak. */
    private static final long IDENTITY = 0x0100_00ed;
    /** Status: raise an interrupt after a factorial. */
    private static final int INTERRUPT_AFTER_FACTORIAL = 0x80;
    private static final int FACTORIAL_INTERRUPT = 0x1;
    private static final int TRANSFER_INTERRUPT = 0x100;

    private static final BitField RUN = bit(0);
    private static final BitField TO_MEMORY = bit(1);
    private static final BitField INTERRUPT = bit(2);

    private final DeviceContext context;
    private final Interrupts signals;
    private final long mask;
    private final boolean whole;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int liveness;
    private int factorial;
    private int status;
    private int interrupts;
    private long source;
    private long destination;
    private long count;
    private long command;
    private int resets;

    Edu(DeviceContext context, long mask, boolean whole) {
        this.context = context;
        this.mask = mask;
        this.whole = whole;
        signals = context.interrupts();
    }

    @Override
    public List<Bar> bars() {
        return List.of(Bar.memory(0, REGISTER_BYTES));
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        if (bytes < 4 || bytes != 4 && offset < WIDE) {
            return -1;
        }
        return switch ((int) offset) {
            case IDENTIFICATION -> IDENTITY;
            case LIVENESS -> liveness;
            case FACTORIAL -> factorial;
            case STATUS -> status;
            case INTERRUPT_STATUS -> interrupts;
            case SOURCE -> source;
            case DESTINATION -> destination;
            case COUNT -> count;
            case COMMAND -> command;
            default -> -1;
        };
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long written) {
        if (offset >= WIDE && bytes >= 4) {
            writeTransfer((int) offset, bytes == 4 ? written & 0xffff_ffffL : written);
        } else if (bytes == 4) {
            writeNarrow((int) offset, (int) written);
        }
    }

    private void writeNarrow(int offset, int value) {
        switch (offset) {
            case LIVENESS -> liveness = ~value;
            case FACTORIAL -> {
                factorial = factorial(value);
                if ((status & INTERRUPT_AFTER_FACTORIAL) != 0) {
                    raise(FACTORIAL_INTERRUPT);
                }
            }
            case STATUS -> status = value & INTERRUPT_AFTER_FACTORIAL;
            case INTERRUPT_RAISE -> raise(value);
            case INTERRUPT_ACKNOWLEDGE -> {
                interrupts &= ~value;
                if (interrupts == 0) {
                    signals.lower();
                }
            }
            default -> { }
        }
    }

    private void writeTransfer(int offset, long value) {
        if (RUN.isSet(command)) {
            return;
        }
        switch (offset) {
            case SOURCE -> source = value;
            case DESTINATION -> destination = value;
            case COUNT -> count = value;
            case COMMAND -> {
                if (RUN.isSet(value)) {
                    command = value;
                    start();
                }
            }
            default -> { }
        }
    }

    private static int factorial(int of) {
        int product = 1;
        // from 34 on the product is a multiple of 2^32
        for (int i = of; i != 0 && product != 0; i--) {
            product *= i;
        }
        return product;
    }

    private void raise(int bits) {
        interrupts |= bits;
        if (interrupts != 0) {
            signals.raise(0);
        }
    }

    private void start() {
        int before = resets;
        long due = (context.nanos() / NANOS_PER_MILLI + TRANSFER_MILLIS) * NANOS_PER_MILLI;
        context.schedule(due - context.nanos(), () -> {
            if (resets == before) {
                transfer();
            }
        });
    }

    private void transfer() {
        boolean toMemory = TO_MEMORY.isSet(command);
        long place = (toMemory ? source : destination) - BUFFER;
        long address = (toMemory ? destination : source) & mask;
        if (place >= 0 && place < BUFFER_BYTES && count > 0 && count < BUFFER_BYTES - place) {
            move(address, (int) place, (int) count, toMemory);
        }
        command &= ~RUN.mask();
        if (INTERRUPT.isSet(command)) {
            raise(TRANSFER_INTERRUPT);
        }
    }

    private void move(long from, int offset, int bytes, boolean toMemory) {
        for (int done = 0; done < bytes;) {
            long address = from + done;
            int chunk = whole ? bytes
                    : (int) Math.min(PAGE_BYTES - (address & PAGE_BYTES - 1), bytes - done);
            if (toMemory) {
                context.dma().write(address, buffer, offset + done, chunk);
            } else if (context.dma().read(address, buffer, offset + done, chunk)
                    != CompletionStatus.SUCCESS) {
                Arrays.fill(buffer, offset + done, offset + done + chunk, (byte) 0);
            }
            done += chunk;
        }
    }

    @Override
    public void reset() {
        resets++;
        Arrays.fill(buffer, (byte) 0);
        liveness = factorial = status = interrupts = 0;
        source = destination = count = command = 0;
        context.dropped();
    }
}
