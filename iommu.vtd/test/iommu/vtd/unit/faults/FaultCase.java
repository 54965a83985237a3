// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import iommu.api.bits.BitField;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.unit.Bench;
import iommu.vtd.unit.PasidBench;
import iommu.vtd.unit.VtdUnit;
import iommu.vtd.unit.requests.Request;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/** A row of {@link FaultTableTest}: a unit that works, what is wrong then, and the request. */
final class FaultCase {

    static final long IOVA = PasidBench.IOVA;

    private static final int FPD = 2;
    private static final int NOT_EXPLAINED = -1;

    /** What is wrong in legacy mode. */
    interface LegacyDamage {

        void to(Bench bench, long table);
    }

    private enum Kind { LEGACY, MESSAGE, FIRST_STAGE, NESTED, SECOND_STAGE }

    private final int reason;
    private final String what;
    private LegacyDamage legacyDamage;
    private Consumer<Bench> messageDamage;
    private Consumer<PasidBench> pasidDamage;
    private Kind kind;
    private int pasid = Request.NO_PASID;
    private long address = IOVA;
    private int access = Access.READ;
    private int type = Request.UNTRANSLATED;
    private int data;
    private long ecap = PasidBench.ECAP;
    private boolean faultsDisabled;
    private boolean reaches = true;
    private final Map<String, Long> settings = new HashMap<>();

    private FaultCase(int reason, String what, Kind kind) {
        this.reason = reason;
        this.what = what;
        this.kind = kind;
    }

    /** A requester with a table of four levels that maps {@link #IOVA}. */
    static FaultCase legacy(int reason, String what, LegacyDamage damage) {
        var made = new FaultCase(reason, what, Kind.LEGACY);
        made.legacyDamage = damage;
        return made;
    }

    /** An interrupt message for entry 0 of a table of 256. */
    static FaultCase message(int reason, String what, Consumer<Bench> damage) {
        var made = new FaultCase(reason, what, Kind.MESSAGE);
        made.messageDamage = damage;
        made.address = 0xfee0_0018L;
        return made;
    }

    /** A PASID with a first-stage table. */
    static FaultCase pasid(int reason, String what, Consumer<PasidBench> damage) {
        var made = new FaultCase(reason, what, Kind.FIRST_STAGE);
        made.pasidDamage = damage;
        made.pasid = PasidBench.PASID;
        return made;
    }

    FaultCase nested() {
        kind = Kind.NESTED;
        return this;
    }

    FaultCase secondStage() {
        kind = Kind.SECOND_STAGE;
        return this;
    }

    FaultCase at(long newAddress) {
        address = newAddress;
        return this;
    }

    FaultCase access(int newAccess) {
        access = newAccess;
        return this;
    }

    FaultCase data(int newData) {
        data = newData;
        return this;
    }

    FaultCase type(int newType) {
        type = newType;
        return this;
    }

    FaultCase withPasid(int newPasid) {
        pasid = newPasid;
        return this;
    }

    FaultCase with(String setting, long value) {
        settings.put(setting, value);
        return this;
    }

    /** Takes a capability away. */
    FaultCase without(BitField capability) {
        ecap = capability.with(ecap, 0);
        return this;
    }

    /** No entry with FPD is read. */
    FaultCase beforeTheTables() {
        reaches = false;
        return this;
    }

    FaultCase withFaultsDisabled() {
        faultsDisabled = true;
        return this;
    }

    static void or(Bench bench, long at, long bits) {
        bench.memory.write64(at, bench.memory.read64(at) | bits);
    }

    int reason() {
        return reason;
    }

    boolean reachesTheEntry() {
        return reaches;
    }

    boolean hasPasid() {
        return pasid != Request.NO_PASID;
    }

    boolean isPageRequest() {
        return type == Request.PAGE_REQUEST;
    }

    int addressType() {
        return isPageRequest() ? 0 : type;
    }

    private Bench prepare() {
        return switch (kind) {
            case LEGACY -> prepareLegacy();
            case MESSAGE -> prepareMessage();
            default -> preparePasid();
        };
    }

    private Bench prepareLegacy() {
        var bench = Bench.legacy(Bench.CAP, ecap, settings);
        long table = bench.context(Bench.DEVICE, 7, 4);
        bench.map(table, IOVA, PasidBench.PAGE, 3);
        long entry = bench.contextEntry(Bench.DEVICE);
        legacyDamage.to(bench, table);
        disableFaults(bench, entry);
        return bench;
    }

    private Bench prepareMessage() {
        var bench = Bench.legacy(Bench.CAP, Bench.ECAP, settings);
        bench.remapInterrupts();
        bench.memory.write64(bench.interruptEntry(0), 1);
        messageDamage.accept(bench);
        disableFaults(bench, bench.interruptEntry(0));
        return bench;
    }

    private Bench preparePasid() {
        var made = new PasidBench(PasidBench.CAP, ecap, settings);
        switch (kind) {
            case NESTED -> made.useNested();
            case SECOND_STAGE -> made.useSecondStage(IOVA, 0);
            default -> made.useFirstStage();
        }
        long entry = made.contextEntry();
        pasidDamage.accept(made);
        disableFaults(made.bench, entry);
        return made.bench;
    }

    private void disableFaults(Bench bench, long entry) {
        if (faultsDisabled) {
            or(bench, entry, FPD);
        }
    }

    /** Sends the request; returns the unit it went to. */
    Bench run() {
        Bench bench = prepare();
        VtdUnit unit = bench.unit;
        switch (type) {
            case Request.TRANSLATION_REQUEST ->
                unit.translationRequest(Bench.DEVICE, pasid, address, access);
            case Request.TRANSLATED -> unit.translated(Bench.DEVICE, pasid, address, access);
            case Request.PAGE_REQUEST ->
                unit.pageRequest(Bench.DEVICE, pasid, address, access, 0, true);
            default -> {
                if (kind == Kind.MESSAGE) {
                    unit.interrupt(Bench.DEVICE, address, data);
                } else if (pasid == Request.NO_PASID) {
                    unit.translate(Bench.DEVICE, address, access);
                } else {
                    unit.translate(Bench.DEVICE, pasid, address, access);
                }
            }
        }
        return bench;
    }

    /** Returns the reason that explain tells, or -1 for a request that it cannot explain. */
    int explained() {
        if (kind == Kind.MESSAGE || type != Request.UNTRANSLATED) {
            return NOT_EXPLAINED;
        }
        Bench bench = prepare();
        int mark = bench.memory.mark();
        long t = pasid == Request.NO_PASID
                ? bench.unit.explain(Bench.DEVICE, address, access, WalkListener.NONE)
                : bench.unit.explain(Bench.DEVICE, pasid, address, access, WalkListener.NONE);
        bench.memory.changedLines(mark, (at, before, offset) -> {
            throw new AssertionError("explain wrote at 0x" + Long.toHexString(at) + " of "
                    + PhysicalMemory.LINE_BYTES);
        });
        return Translation.reason(t);
    }

    @Override
    public String toString() {
        return "0x" + Integer.toHexString(reason) + " " + what;
    }
}
