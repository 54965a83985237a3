// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * The interrupts of a function, as its driver has set them up at that instant: messages of MSI or
 * MSI-X, or its pin while both are off. A device model calls {@link #raise} and {@link #lower}; the
 * rest is for whoever keeps config space and BARs. Raising allocates nothing. One thread.
 *
 * <p>A message is a posted write of the function: bus mastering gates it, a remapping unit may
 * block it. A masked one is held as a pending bit and sent when the mask goes. The pin is a level:
 * asserted from the first raise to {@link #lower}, unless Interrupt Disable is set; a driver that
 * switches messages off finds it asserted if the device has been raised and not lowered.
 *
 * <p>Source: PCI Local Bus Specification, "MSI Capability Structure", "MSI-X Capability and Table
 * Structure", "Device Control" (Interrupt Disable), "Device Status" (Interrupt Status). If software
 * enables both MSI and MSI-X, which it must not, MSI is used.
 */
public final class Interrupts {

    /** Config space as hardware sees it. */
    public interface Config extends Capabilities.ConfigReader {

        /** Sets a register, whatever software may write there. */
        void set(int offset, int bytes, int value);
    }

    /** Takes the level of a function's pin. */
    @FunctionalInterface
    public interface Pin {

        /**
         * Takes a change, which PCI Express carries as an Assert_INTx or Deassert_INTx message.
         *
         * @param pin 1 to 4, INTA to INTD
         */
        void changed(int pin, boolean asserted);
    }

    private static final int COMMAND = 0x04;
    private static final BitField INTERRUPT_DISABLE = bit(10);
    private static final int STATUS = 0x06;
    private static final BitField INTERRUPT_STATUS = bit(3);
    private static final int INTERRUPT_PIN = 0x3d;
    private static final int PINS = 4;

    private static final BitField MSI_ENABLE = bit(0);
    private static final BitField MULTIPLE_MESSAGE_ENABLE = bits(6, 4);
    private static final int MOST_MESSAGES_SHIFT = 5;
    private static final BitField ADDRESS_64 = bit(7);
    private static final BitField PER_VECTOR_MASKING = bit(8);

    private final Config config;
    private final DmaPort dma;
    private final Pin pinTaker;
    private final int pin;
    private final int msi;
    private final boolean msiWide;
    /** Where MSI's mask bits are, before its pending bits; 0 if it has none. */
    private final int msiMask;
    private final MsiXTable table;
    private final byte[] message = new byte[Integer.BYTES];
    private boolean raised;
    private boolean stuck;
    private boolean asserted;

    /**
     * Makes those of one function; what config space can do is looked up once.
     *
     * @param dma the way of messages
     * @param pin is told when the level of the pin changes
     */
    public Interrupts(Config config, DmaPort dma, Pin pin) {
        this.config = config;
        this.dma = dma;
        pinTaker = pin;
        int wired = config.read(INTERRUPT_PIN, 1);
        this.pin = wired <= PINS ? wired : 0;
        msi = Capabilities.find(config, Capabilities.MSI);
        int control = msi == 0 ? 0 : config.read(msi + 2, 2);
        msiWide = ADDRESS_64.isSet(control);
        msiMask = PER_VECTOR_MASKING.isSet(control) ? msi + (msiWide ? 0x10 : 0x0c) : 0;
        int msiX = Capabilities.find(config, Capabilities.MSI_X);
        table = msiX == 0 ? null : new MsiXTable(config, msiX);
        raised = INTERRUPT_STATUS.isSet(config.read(STATUS, 2));
    }

    /** Returns those of a function that has none: raising does nothing. */
    public static Interrupts none() {
        return new Interrupts(new Config() {
            @Override
            public int read(int offset, int bytes) {
                return 0;
            }

            @Override
            public void set(int offset, int bytes, int value) { }
        }, null, (pin, asserted) -> { });
    }

    // ---- for device models ----------------------------------------------------------------------

    /** Returns how many vectors the driver can tell apart now: 1 without messages. */
    public int vectors() {
        if (msiEnabled()) {
            return messages();
        }
        return table != null && table.isEnabled() ? table.entries() : 1;
    }

    /**
     * Tells the driver that something happened.
     *
     * @param vector entry of the MSI-X table, where one beyond its end is not sent; of MSI's
     *     messages that which is left modulo their count; of no account for the pin
     * @throws IllegalArgumentException if it is negative
     */
    public void raise(int vector) {
        if (vector < 0) {
            throw new IllegalArgumentException("vector " + vector);
        }
        raised = true;
        if (msiEnabled()) {
            raiseMsi(vector & messages() - 1);
        } else if (table != null && table.isEnabled()) {
            if (vector < table.entries()) {
                table.pend(vector);
                deliverTable();
            }
        } else {
            level();
        }
    }

    /**
     * Says that the driver has attended to all that was raised: the pin is deasserted, and messages
     * that are still masked are not sent any more.
     */
    public void lower() {
        raised = stuck;
        clearPending();
        level();
    }

    /**
     * Breaks the device: from now on until the function is reset something is always raised. By
     * messages that is one that comes once; a pin stays asserted wherever Interrupt Disable lets
     * it.
     */
    public void stick() {
        stuck = true;
        raise(0);
    }

    // ---- for the keeper of config space and BARs ------------------------------------------------

    /** Follows a write to config space: sends what is not masked any more, and sets the pin. */
    public void configWritten() {
        deliverMsi();
        deliverTable();
        level();
    }

    /** Follows a reset of the function: nothing is raised, all entries are masked. */
    public void reset() {
        stuck = false;
        raised = false;
        clearPending();
        if (table != null) {
            table.reset();
        }
        level();
    }

    /** Returns whether table or pending bits of MSI-X lie at an offset of a BAR. */
    public boolean holds(int bar, long offset) {
        return table != null && table.holds(bar, offset);
    }

    /** Returns the offset after the last byte of them in a BAR; 0 if it has none. */
    public long end(int bar) {
        return table == null ? 0 : table.end(bar);
    }

    /**
     * Reads table or pending bits, where {@link #holds} says that they are.
     *
     * @param offset a multiple of {@code bytes}
     * @param bytes 1, 2, 4 or 8
     */
    public long read(int bar, long offset, int bytes) {
        return table.read(bar, offset, bytes);
    }

    /** Writes table or pending bits, as {@link #read} reads them. */
    public void write(int bar, long offset, int bytes, long value) {
        table.write(bar, offset, bytes, value);
        deliverTable();
    }

    /** Returns whether a function sends what its MSI-X table holds. */
    public static boolean tableEnabled(PciFunction function) {
        int at = Capabilities.find(function::readConfig, Capabilities.MSI_X);
        return at != 0 && MsiXTable.isOpen(function::readConfig, at);
    }

    /**
     * Writes an entry of a function's MSI-X table through the BAR that holds it, as a driver does:
     * the entry is masked meanwhile, and then not.
     *
     * <p>Source: Linux, pci_write_msg_msix.
     *
     * @throws IllegalArgumentException if the function has no MSI-X
     */
    public static void writeEntry(PciFunction function, int entry, Message message) {
        int at = Capabilities.find(function::readConfig, Capabilities.MSI_X);
        if (at == 0) {
            throw new IllegalArgumentException(function + " has no MSI-X");
        }
        MsiXTable.write(function, at, entry, message);
    }

    // ---- messages -------------------------------------------------------------------------------

    private boolean msiEnabled() {
        return msi != 0 && MSI_ENABLE.isSet(config.read(msi + 2, 2));
    }

    /** Returns how many messages MSI may send; encodings beyond 32 are reserved. */
    private int messages() {
        long shift = MULTIPLE_MESSAGE_ENABLE.of(config.read(msi + 2, 2));
        return 1 << (int) Math.min(shift, MOST_MESSAGES_SHIFT);
    }

    private void raiseMsi(int vector) {
        if (msiMask != 0 && (config.read(msiMask, 4) >>> vector & 1) != 0) {
            config.set(msiMask + 4, 4, config.read(msiMask + 4, 4) | 1 << vector);
            return;
        }
        long address = Integer.toUnsignedLong(config.read(msi + 4, 4))
                | (msiWide ? (long) config.read(msi + 8, 4) << 32 : 0);
        int data = config.read(msi + (msiWide ? 12 : 8), 2);
        send(address, data & -messages() | vector);
    }

    private void deliverMsi() {
        if (msiMask == 0 || !msiEnabled()) {
            return;
        }
        int pending = config.read(msiMask + 4, 4);
        int open = pending & ~config.read(msiMask, 4);
        config.set(msiMask + 4, 4, pending & ~open);
        for (; open != 0; open &= open - 1) {
            raiseMsi(Integer.numberOfTrailingZeros(open) & messages() - 1);
        }
    }

    private void deliverTable() {
        if (table == null || !table.isOpen()) {
            return;
        }
        for (int entry = table.takeDeliverable(); entry >= 0; entry = table.takeDeliverable()) {
            send(table.address(entry), table.data(entry));
        }
    }

    private void clearPending() {
        if (msiMask != 0) {
            config.set(msiMask + 4, 4, 0);
        }
        if (table != null) {
            table.clearPending();
        }
    }

    private void send(long address, int data) {
        for (int i = 0; i < message.length; i++) {
            message[i] = (byte) (data >>> 8 * i);
        }
        dma.write(address, message, 0, message.length);
    }

    // ---- the pin --------------------------------------------------------------------------------

    private void level() {
        if (pin == 0) {
            return;
        }
        boolean wanted = raised && !msiEnabled() && (table == null || !table.isEnabled());
        int status = config.read(STATUS, 2);
        if (INTERRUPT_STATUS.isSet(status) != wanted) {
            config.set(STATUS, 2, (int) INTERRUPT_STATUS.with(status, wanted ? 1 : 0));
        }
        boolean level = wanted && !INTERRUPT_DISABLE.isSet(config.read(COMMAND, 2));
        if (level != asserted) {
            asserted = level;
            pinTaker.changed(pin, level);
        }
    }
}
