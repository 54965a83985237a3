// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Writes config space of one function as firmware leaves it: header, base addresses, capabilities.
 * Used once; one thread.
 *
 * <p>Source: PCI Express Base Specification, "PCI Compatible Configuration Registers", "PCI
 * Express Capability Structure", "Advanced Error Reporting Capability".
 */
public final class ConfigWriter {

    /** Bits of the Command register. */
    public static final int IO_SPACE = 1;
    /** Bits of the Command register. */
    public static final int MEMORY_SPACE = 2;
    /** Bits of the Command register. */
    public static final int BUS_MASTER = 4;
    /** Bits of the Command register. */
    public static final int SERR = 0x100;

    private static final int BYTES = 4096;
    private static final int COMMAND = 0x04;
    private static final int STATUS = 0x06;
    private static final int HEADER_TYPE = 0x0e;
    private static final int PRIMARY_BUS = 0x18;
    private static final int SUBSYSTEM = 0x2c;
    private static final int POINTER = 0x34;
    private static final int BRIDGE_CONTROL = 0x3e;
    private static final int FIRST_CAPABILITY = 0x40;
    private static final int FIRST_EXTENDED = 0x100;
    private static final int ERROR_REPORTING = 1;
    private static final int ERROR_REPORTING_BYTES = 0x48;
    private static final int CONTAINMENT_BYTES = 0x0c;
    private static final int VECTOR_BYTES = 16;

    private final int requester;
    private final ByteBuffer config = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final BitSet taken = new BitSet();
    private int express;
    private int lastCapability = POINTER - 1;
    private int lastExtended;

    /** Begins with an empty header. */
    public ConfigWriter(int requester) {
        this.requester = requester;
    }

    /** Writes who made the function; {@code subsystem} has the vendor in its lower half. */
    public void ids(int vendor, int device, int subsystem) {
        config.putShort(0x00, (short) vendor);
        config.putShort(0x02, (short) device);
        if (config.get(HEADER_TYPE) == 0) {
            config.putInt(SUBSYSTEM, subsystem);
        }
    }

    /** Sets bits of the Command register. */
    public void command(int bits) {
        config.putShort(COMMAND, (short) (config.getShort(COMMAND) | bits));
    }

    /** Writes the 24-bit class code and the revision. */
    public void classCode(int classCode, int revision) {
        config.putInt(0x08, classCode << 8 | revision & 0xff);
    }

    /** Writes the interrupt pin, 0 for none, 1 for INTA. */
    public void pin(int pin) {
        config.put(0x3d, (byte) pin);
    }

    /** Makes the function a bridge. */
    public void bridge(int secondary, int subordinate) {
        config.put(HEADER_TYPE, (byte) 1);
        config.put(PRIMARY_BUS, (byte) RequesterId.bus(requester));
        config.put(PRIMARY_BUS + 1, (byte) secondary);
        config.put(PRIMARY_BUS + 2, (byte) subordinate);
        config.putInt(SUBSYSTEM, 0);
    }

    /** Writes two bytes of the header. */
    void put16(int offset, int value) {
        config.putShort(offset, (short) value);
    }

    /** Writes four bytes of the header. */
    void put32(int offset, int value) {
        config.putInt(offset, value);
    }

    /** Lets a bridge forward system errors of what lies behind it. */
    public void forwardSystemErrors() {
        config.putShort(BRIDGE_CONTROL, (short) (config.getShort(BRIDGE_CONTROL) | 2));
    }

    /** Writes where the space behind a BAR lies. */
    public void bar(Bar bar, long address) {
        int at = 0x10 + 4 * bar.index();
        config.putInt(at, (int) address | bar.typeBits());
        if (bar.wide()) {
            config.putInt(at + 4, (int) (address >>> 32));
        }
    }

    /**
     * Appends a capability.
     *
     * @param at where it was said to lie; 0 if nobody said, it lies behind the others then
     * @param bytes that it takes
     * @return where it lies; 0 if there is no room for it
     */
    public int capability(int id, int at, int bytes) {
        int place = fits(at, bytes) ? at : firstRoom(bytes);
        if (place == 0) {
            return 0;
        }
        taken.set(place, place + bytes);
        config.put(lastCapability + 1, (byte) place);
        config.put(place, (byte) id);
        config.putShort(STATUS, (short) (config.getShort(STATUS) | 0x10));
        lastCapability = place;
        return place;
    }

    private boolean fits(int at, int bytes) {
        int next = taken.nextSetBit(Math.max(at, 0));
        return at >= FIRST_CAPABILITY && at % 4 == 0 && at + bytes <= FIRST_EXTENDED
                && (next < 0 || next >= at + bytes);
    }

    private int firstRoom(int bytes) {
        for (int at = FIRST_CAPABILITY; at + bytes <= FIRST_EXTENDED; at += 4) {
            if (fits(at, bytes)) {
                return at;
            }
        }
        return 0;
    }

    /**
     * Appends the PCI Express capability: version 2, role-based errors, function-level reset.
     *
     * @param at as {@link #capability} takes it
     * @param link register Link Status
     */
    public void express(int at, ExpressType type, int deviceControl, int link, int rootControl) {
        int place = capability(Capabilities.EXPRESS, at, 0x3c);
        if (place == 0) {
            return;
        }
        express = place;
        config.putShort(place + 2, (short) (2 | type.code() << 4));
        config.putInt(place + 4, 0x1000_8000);
        config.putShort(place + 8, (short) deviceControl);
        config.putInt(place + 0x0c, link & 0x3ff); // it can do what it does
        config.putShort(place + 0x12, (short) link);
        config.putShort(place + 0x1c, (short) rootControl);
        config.putInt(place + 0x2c, (2 << (link & 0xf)) - 2); // and all speeds below
    }

    /** Says what a root port can do: bit 0, it shows software that a function is not ready. */
    public void rootCapabilities(int capabilities) {
        if (express != 0) {
            config.putShort(express + 0x1e, (short) capabilities);
        }
    }

    /** Appends MSI with a 64-bit address, one vector, switched on or not. */
    public void msi(int at, boolean enabled) {
        int place = capability(Capabilities.MSI, at, 14);
        if (place != 0) {
            config.putShort(place + 2, (short) (0x80 | (enabled ? 1 : 0)));
        }
    }

    /**
     * Appends MSI-X.
     *
     * @param vectors 1 to 2048
     * @param tableBar where the table lies, from offset 0, and its pending bits behind it
     */
    public void msiX(int at, int vectors, int tableBar, boolean enabled) {
        int place = capability(Capabilities.MSI_X, at, 12);
        if (place == 0) {
            return;
        }
        int table = Integer.highestOneBit(Math.max(1, vectors - 1)) * 2 * VECTOR_BYTES;
        msiX(place, vectors, tableBar, Math.max(BYTES, table) | tableBar, enabled);
    }

    private void msiX(int place, int vectors, int table, int pending, boolean enabled) {
        config.putShort(place + 2, (short) (vectors - 1 | (enabled ? 0x8000 : 0)));
        config.putInt(place + 4, table);
        config.putInt(place + 8, pending);
    }

    /** Appends MSI-X with the registers Table and Pending Bit Array as they were told. */
    public void msiXAt(int at, int vectors, int table, int pending, boolean enabled) {
        int place = capability(Capabilities.MSI_X, at, 12);
        if (place != 0) {
            msiX(place, vectors, table, pending, enabled);
        }
    }

    /** Appends Advanced Error Reporting with its values after reset. */
    public void errorReporting(int at) {
        int place = extended(ERROR_REPORTING, 2, at, ERROR_REPORTING_BYTES);
        if (place != 0) {
            config.putInt(place + 0x0c, 0x0046_2030); // severities after reset
            config.putInt(place + 0x14, 0x2000);      // advisory errors are masked
        }
    }

    /** Appends Downstream Port Containment, without the extensions of root ports. */
    public void containment(int control) {
        int place = extended(Capabilities.CONTAINMENT, 1, 0, CONTAINMENT_BYTES);
        if (place != 0) {
            config.putShort(place + 4, (short) 0x80); // software may trigger it
            config.putShort(place + 6, (short) control);
        }
    }

    /** Appends Access Control Services: all that look at requests from one side. */
    public void accessControl(int control) {
        int place = extended(Capabilities.ACCESS_CONTROL, 1, 0, 8);
        if (place != 0) {
            config.putShort(place + 4, (short) 0x1f);
            config.putShort(place + 6, (short) control);
        }
    }

    /** Appends address translation services, {@code control} with its lowest unit and bit E. */
    public void translationServices(int at, int control) {
        int place = extended(Capabilities.ADDRESS_TRANSLATION_SERVICES, 1, at, 8);
        if (place != 0) {
            config.putShort(place + 4, (short) 0x20); // page-aligned requests, queue of 32
            config.putShort(place + 6, (short) control);
        }
    }

    /**
     * Appends SR-IOV, off, with pages of 4 KiB to 4 MiB of which those of 4 KiB are chosen.
     *
     * @param at where it was said to lie; 0 if nobody said
     * @param count most virtual functions
     * @param firstOffset from this function's routing id to the first
     * @param stride from one to the next
     * @return where it lies; 0 if there is no room for it
     */
    public int singleRoot(int at, int count, int firstOffset, int stride) {
        int place = extended(Capabilities.SINGLE_ROOT, 1, at, VirtualFunctions.BYTES);
        if (place != 0) {
            config.putShort(place + 0x0c, (short) count);
            config.putShort(place + 0x0e, (short) count);
            config.putShort(place + 0x14, (short) firstOffset);
            config.putShort(place + 0x16, (short) stride);
            config.putInt(place + 0x1c, VirtualSpaces.PAGE_SIZES);
            config.putInt(place + 0x20, 1);
        }
        return place;
    }

    /** Appends an extended capability; the first has to lie at 100h, so it is put there. */
    private int extended(int id, int version, int at, int bytes) {
        int place = lastExtended == 0 ? FIRST_EXTENDED
                : fitsExtended(at, bytes) ? at : taken.length() + 3 & ~3;
        if (place + bytes > BYTES) {
            return 0;
        }
        taken.set(place, place + bytes);
        config.putInt(place, id | version << 16);
        if (lastExtended != 0) {
            config.putInt(lastExtended, config.getInt(lastExtended) | place << 20);
        }
        lastExtended = place;
        return place;
    }

    private boolean fitsExtended(int at, int bytes) {
        int next = taken.nextSetBit(Math.max(at, 0));
        return at > lastExtended && at % 4 == 0 && at + bytes <= BYTES
                && (next < 0 || next >= at + bytes);
    }

    /** Returns config space: 4096 bytes with {@code whole}, else 256. */
    public FunctionConfig build(boolean whole) {
        return new FunctionConfig(requester, whole ? config.array()
                : Arrays.copyOf(config.array(), FIRST_EXTENDED));
    }
}
