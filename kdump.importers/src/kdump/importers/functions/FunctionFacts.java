// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.Bar;
import iommu.api.pcie.RequesterId;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is told of one function. Of what is told twice the first word counts, but for base
 * addresses, which a kernel may give anew. One thread.
 */
public final class FunctionFacts {

    /** Nothing was told. */
    static final int UNTOLD = -1;

    private static final int BRIDGE_CLASS = 0x0604;

    final int requester;
    int vendor = UNTOLD;
    int device = UNTOLD;
    int subsystem = UNTOLD;
    int classCode = UNTOLD;
    int revision = UNTOLD;
    int pin = UNTOLD;
    int secondary = UNTOLD;
    int subordinate = UNTOLD;
    int command = UNTOLD;
    int deviceControl = UNTOLD;
    int rootControl = UNTOLD;
    int bridgeControl = UNTOLD;
    boolean interfaceUntold;
    boolean isBridge;
    ExpressType express;
    boolean expressAssumed;
    int expressAt;
    String driver;
    int vectors;
    int msiXAt;
    int msiXTable = UNTOLD;
    int msiXPending = UNTOLD;
    boolean msiXOn;
    int msiAt = UNTOLD;
    int errorReportingAt = UNTOLD;
    int translationsAt = UNTOLD;
    int translationsControl;
    int accessControlAt = UNTOLD;
    int accessControl;
    VirtualFacts virtual;
    final Map<Integer, Long> addresses = new TreeMap<>();
    final Map<Integer, Bar> bars = new TreeMap<>();

    FunctionFacts(int requester) {
        this.requester = requester;
    }

    private static int first(int known, int told) {
        return known == UNTOLD ? told : known;
    }

    /** Takes vendor and device id. */
    public FunctionFacts ids(int madeBy, int model) {
        vendor = first(vendor, madeBy);
        device = first(device, model);
        return this;
    }

    /** Takes subsystem and subsystem vendor, this one in the lower half. */
    public FunctionFacts subsystem(int told) {
        subsystem = first(subsystem, told);
        return this;
    }

    /** Takes a class code of 24 bits. */
    public FunctionFacts classCode(int told) {
        classCode = first(classCode, told);
        isBridge |= classCode >>> 8 == BRIDGE_CLASS;
        return this;
    }

    /** Takes class and subclass, 16 bits, where the programming interface is not told. */
    public FunctionFacts classAndSubclass(int told) {
        if (classCode == UNTOLD) {
            interfaceUntold = true;
            classCode(told << 8);
        }
        return this;
    }

    /** Takes the programming interface where only class and subclass were told before. */
    public FunctionFacts programmingInterface(int told) {
        if (interfaceUntold) {
            classCode |= told & 0xff;
            interfaceUntold = false;
        }
        return this;
    }

    /** Takes bits 3:0 of Device Control: which errors a function reports. */
    public FunctionFacts deviceControl(int told) {
        deviceControl = first(deviceControl, told);
        return this;
    }

    /** Takes Root Control: which errors a root port makes a system error of. */
    public FunctionFacts rootControl(int told) {
        rootControl = first(rootControl, told);
        return this;
    }

    /** Takes Bridge Control, of which bit 1 lets system errors through. */
    public FunctionFacts bridgeControl(int told) {
        bridgeControl = first(bridgeControl, told);
        return this;
    }

    /** Takes the revision. */
    public FunctionFacts revision(int told) {
        revision = first(revision, told);
        return this;
    }

    /** Takes the interrupt pin, 1 for INTA. */
    public FunctionFacts pin(int told) {
        pin = first(pin, told);
        return this;
    }

    /** Takes that the header is a bridge's. */
    public FunctionFacts bridge() {
        isBridge = true;
        return this;
    }

    /** Takes the buses behind a bridge; the last word counts, as a kernel gives them anew. */
    public FunctionFacts buses(int first, int last) {
        isBridge = true;
        if (first > RequesterId.bus(requester) && last >= first && last <= 0xff) {
            secondary = first;
            subordinate = last;
        }
        return this;
    }

    /** Takes the Command register as it stood. */
    public FunctionFacts command(int told) {
        command = first(command, told);
        return this;
    }

    /** Takes the name of the driver that was bound; empty for none. */
    public FunctionFacts driver(String name) {
        if (driver == null) {
            driver = name;
        }
        return this;
    }

    /** Takes where the PCI Express capability lies (0 if not told) and whose it is. */
    public FunctionFacts express(int at, ExpressType type) {
        if (express == null) {
            express = type;
            expressAt = at;
        }
        return this;
    }

    /** Takes that the function has MSI. */
    public FunctionFacts msi(int at) {
        msiAt = first(msiAt, at);
        return this;
    }

    /** Takes that the function has MSI-X with that many vectors or more. */
    public FunctionFacts msiX(int at, int count, boolean enabled) {
        vectors = Math.min(Math.max(vectors, count), 2048);
        msiXAt = at == 0 ? msiXAt : at;
        msiXOn |= enabled;
        return this;
    }

    /** Takes the registers that tell where table and pending bits of MSI-X lie. */
    public FunctionFacts msiXPlace(int table, int pending) {
        msiXTable = table == UNTOLD ? msiXTable : table;
        msiXPending = pending == UNTOLD ? msiXPending : pending;
        return this;
    }

    /** Takes that the function has Advanced Error Reporting. */
    public FunctionFacts errorReporting(int at) {
        errorReportingAt = first(errorReportingAt, at);
        return this;
    }

    /** Takes that the function has address translation services. */
    public FunctionFacts translationServices(int at, int control) {
        translationsAt = first(translationsAt, at);
        translationsControl |= control;
        return this;
    }

    /** Takes that the function has Access Control Services; bits of the control register. */
    public FunctionFacts accessControl(int at, int control) {
        accessControlAt = first(accessControlAt, at);
        accessControl |= control;
        return this;
    }

    /** Takes that the function may have virtual ones (SR-IOV), of which more is told. */
    public VirtualFacts virtual(int at) {
        if (virtual == null) {
            virtual = new VirtualFacts(at);
        }
        return virtual;
    }

    /**
     * Takes a base address register and what lies behind it. Left out where no register can be
     * like that: the index, the size or the address does not fit.
     *
     * @param bytes size; 0 if not told, it is what the address allows then, up to 64 KiB
     */
    public FunctionFacts bar(int index, long address, long bytes, boolean wide,
            boolean prefetchable, boolean io) {
        long size = bytes != 0 ? bytes
                : Math.min(io ? 256 : 1 << 16, Long.lowestOneBit(Math.max(address, 1)));
        boolean fits = index >= 0 && index < (isBridge ? 2 : Bar.COUNT) && address > 0
                && (wide || address < 1L << 32) && (address & size - 1) == 0;
        if (fits) {
            try {
                bars.put(index, new Bar(index, size, wide && !io, prefetchable && !io, io));
                addresses.put(index, address);
            } catch (IllegalArgumentException e) {
                bars.remove(index);
            }
        }
        return this;
    }

    /** Returns whether no driver was bound, as somebody told. */
    boolean isUnbound() {
        return driver != null && driver.isEmpty();
    }

    /** Returns whether a driver was bound, as somebody told. */
    boolean isBound() {
        return driver != null && !driver.isEmpty();
    }
}
